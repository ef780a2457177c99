module example.com/go-api

go 1.23

require (
	github.com/go-chi/chi/v5 v5.3.1
	github.com/google/uuid v1.6.0
)

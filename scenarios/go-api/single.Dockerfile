FROM golang:1.23
WORKDIR /app
COPY . .
RUN go mod download
RUN go build -o go-api .
EXPOSE 8080
CMD ["./go-api"]

FROM golang:1.23 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /out/go-api .

FROM alpine:3.20
RUN adduser -D -H -u 10001 app
COPY --from=build /out/go-api /usr/local/bin/go-api
USER app
EXPOSE 8080
ENTRYPOINT ["go-api"]

FROM debian:bookworm
COPY . /app
CMD ["/app/run"]

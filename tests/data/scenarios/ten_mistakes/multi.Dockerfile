FROM debian:bookworm AS build
RUN make

FROM build AS test
RUN make check

FROM scratch AS production
COPY --from=build /app /app
CMD ["/app"]

FROM python:3.13-slim AS build
COPY requirements.txt .
RUN pip install --no-cache-dir --prefix=/install -r requirements.txt

FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1
WORKDIR /app
COPY --from=build /install /usr/local
COPY app app
USER 65532:65532
EXPOSE 8080
CMD ["python", "-m", "app"]

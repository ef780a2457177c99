package com.example.javaapi;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.web.servlet.context.ServletWebServerApplicationContext;

/** The program as it runs in an image: a real server on the port that PORT names, and its end. */
class ServerTest {

    @Test
    void itListensWherePortSaysAndStopsInOrder() throws Exception {
        var application = new SpringApplication(JavaApiApplication.class);
        var context = (ServletWebServerApplicationContext) application.run("--PORT=0");
        int port = context.getWebServer().getPort();
        var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/health")).build();
        try (var client = HttpClient.newHttpClient()) {
            var answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.body()).isEqualTo("{\"status\":\"ok\"}");
        }
        assertThat(context.getEnvironment().getProperty("server.shutdown")).isEqualTo("graceful");
        assertThat(SpringApplication.exit(context)).isZero();
        assertThat(context.isActive()).isFalse();
    }
}

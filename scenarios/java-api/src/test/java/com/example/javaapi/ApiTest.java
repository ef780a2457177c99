package com.example.javaapi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.springframework.test.web.servlet.request.MockMvcRequestBuilders.get;
import static org.springframework.test.web.servlet.request.MockMvcRequestBuilders.post;
import static org.springframework.test.web.servlet.request.MockMvcRequestBuilders.request;
import static org.springframework.test.web.servlet.result.MockMvcResultMatchers.content;
import static org.springframework.test.web.servlet.result.MockMvcResultMatchers.header;
import static org.springframework.test.web.servlet.result.MockMvcResultMatchers.jsonPath;
import static org.springframework.test.web.servlet.result.MockMvcResultMatchers.status;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;

import org.hamcrest.Matchers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.autoconfigure.web.servlet.WebMvcTest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.web.servlet.MockMvc;

@WebMvcTest
@Import({ItemStore.class, ApiTest.FixedTime.class})
@DirtiesContext(classMode = DirtiesContext.ClassMode.BEFORE_EACH_TEST_METHOD)
class ApiTest {

    @TestConfiguration
    static class FixedTime {

        @Bean
        @Primary
        Clock fixed() {
            return Clock.fixed(Instant.parse("2024-05-01T12:00:00Z"), ZoneOffset.UTC);
        }
    }

    @Autowired
    private MockMvc http;
    @Autowired
    private ItemStore store;

    @BeforeEach
    void theStoreIsEmpty() {
        assertThat(store.all()).isEmpty();
    }

    @Test
    void healthIsOk() throws Exception {
        http.perform(get("/health")).andExpect(status().isOk()).andExpect(content().json("{\"status\":\"ok\"}"));
    }

    @Test
    void anItemIsCreatedAndListed() throws Exception {
        http.perform(get("/api/items")).andExpect(content().string("{\"items\":[]}"));
        http.perform(post("/api/items").content("{\"name\": \" anchor \", \"colour\": \"red\"}"))
                .andExpect(status().isCreated())
                .andExpect(content().contentType(MediaType.APPLICATION_JSON))
                .andExpect(content().string("{\"id\":1,\"name\":\"anchor\",\"created_at\":\"2024-05-01T12:00:00Z\"}"));
        http.perform(post("/api/items").content("{\"name\": \"keel\"}")).andExpect(jsonPath("$.id").value(2));
        http.perform(get("/api/items")).andExpect(jsonPath("$.items[*].name", Matchers.contains("anchor", "keel")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "{\"name\": | not valid JSON",
        "~~ | not valid JSON",
        "[] | not valid JSON",
        "{\"name\":\"a\"}{\"name\":\"b\"} | not valid JSON",
        "{\"name\":7} | not valid JSON",
        "{} | no name",
        "{\"name\":null} | no name",
        "{\"name\":\"  \"} | no name",
    })
    void aBodyThatIsNoItemIsRefused(String body, String reason) throws Exception {
        http.perform(post("/api/items").content(body))
                .andExpect(status().isBadRequest())
                .andExpect(content().contentType(MediaType.APPLICATION_JSON))
                .andExpect(jsonPath("$.error", Matchers.containsString(reason)));
        assertThat(store.all()).isEmpty();
    }

    @Test
    void namesAndBodiesAreBounded() throws Exception {
        String longest = "ä".repeat(NewItem.LONGEST_NAME);
        http.perform(post("/api/items").content("{\"name\":\"" + longest + "\"}")).andExpect(status().isCreated());
        http.perform(post("/api/items").content("{\"name\":\"" + longest + "ä\"}"))
                .andExpect(status().isBadRequest())
                .andExpect(jsonPath("$.error", Matchers.containsString("longer than 200")));
        http.perform(post("/api/items").content("{\"name\":\"" + "a".repeat(NewItem.LARGEST_BODY) + "\"}"))
                .andExpect(status().isPayloadTooLarge())
                .andExpect(jsonPath("$.error", Matchers.containsString("64 KiB")));
    }

    @ParameterizedTest
    @CsvSource({"DELETE", "PUT", "PATCH"})
    void anotherMethodIsRefusedWithThoseThatWouldDo(String method) throws Exception {
        http.perform(request(HttpMethod.valueOf(method), "/api/items"))
                .andExpect(status().isMethodNotAllowed())
                .andExpect(header().string("Allow", Matchers.allOf(
                        Matchers.containsString("GET"), Matchers.containsString("POST"))));
    }

    @Test
    void anotherPathIsNotFound() throws Exception {
        http.perform(get("/api/orders"))
                .andExpect(status().isNotFound())
                .andExpect(jsonPath("$.error").value("there is nothing at this path"));
    }
}

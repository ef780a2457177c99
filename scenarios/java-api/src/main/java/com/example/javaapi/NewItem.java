package com.example.javaapi;

import java.io.IOException;
import java.io.InputStream;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import org.springframework.http.HttpStatus;

/** What a client sends to create an item: exactly one JSON object with a name. */
record NewItem(String name) {

    /** How many bytes of a body are read. */
    static final int LARGEST_BODY = 64 << 10;
    /** How many characters a name may have. */
    static final int LONGEST_NAME = 200;

    private static final String EXAMPLE = "send an object such as {\"name\": \"anchor\"}";
    private static final ObjectReader JSON =
            new ObjectMapper().reader().with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    /** Reads a body, never more of it than {@link #LARGEST_BODY}. */
    static NewItem read(InputStream body) throws IOException {
        byte[] bytes = body.readNBytes(LARGEST_BODY + 1);
        if (bytes.length > LARGEST_BODY) {
            throw new Refusal(HttpStatus.PAYLOAD_TOO_LARGE, "the body is larger than 64 KiB");
        }
        return of(object(bytes).path("name"));
    }

    private static JsonNode object(byte[] bytes) throws IOException {
        try {
            JsonNode node = JSON.readTree(bytes);
            if (node.isObject()) {
                return node;
            }
        } catch (JsonProcessingException notJson) {
            // Its words are about the parser; the client is told what to send.
        }
        throw notValid();
    }

    private static NewItem of(JsonNode name) {
        if (!name.isTextual() && !name.isNull() && !name.isMissingNode()) {
            throw notValid();
        }
        String text = name.asText("").strip();
        if (text.isEmpty() || !name.isTextual()) {
            throw new Refusal(HttpStatus.BAD_REQUEST, "the item has no name; " + EXAMPLE);
        }
        if (text.codePointCount(0, text.length()) > LONGEST_NAME) {
            throw new Refusal(HttpStatus.BAD_REQUEST, "the name is longer than 200 characters");
        }
        return new NewItem(text);
    }

    private static Refusal notValid() {
        return new Refusal(HttpStatus.BAD_REQUEST, "the body is not valid JSON; " + EXAMPLE);
    }
}

package com.example.javaapi;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;

import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** The routes. */
@RestController
class ApiController {

    private final ItemStore store;

    ApiController(ItemStore store) {
        this.store = store;
    }

    @GetMapping("/health")
    Map<String, String> health() {
        return Map.of("status", "ok");
    }

    @GetMapping("/api/items")
    Map<String, List<Item>> list() {
        return Map.of("items", store.all());
    }

    @PostMapping("/api/items")
    @ResponseStatus(HttpStatus.CREATED)
    Item create(InputStream body) throws IOException {
        return store.add(NewItem.read(body).name());
    }
}

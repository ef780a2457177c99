package com.example.javaapi;

import java.time.Instant;

import com.fasterxml.jackson.annotation.JsonProperty;

/** One entry of the list. */
record Item(int id, String name, @JsonProperty("created_at") Instant createdAt) {
}

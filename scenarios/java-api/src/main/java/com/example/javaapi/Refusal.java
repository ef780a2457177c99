package com.example.javaapi;

import org.springframework.http.HttpStatus;

/** A request that is not carried out; the message is for the client. */
class Refusal extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final HttpStatus status;

    Refusal(HttpStatus status, String message) {
        super(message);
        this.status = status;
    }

    HttpStatus status() {
        return status;
    }
}

package com.example.javaapi;

import java.util.Map;

import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;

/** Answers every failure with {@code {"error": …}}. */
@RestControllerAdvice
class Errors extends ResponseEntityExceptionHandler {

    @ExceptionHandler
    ResponseEntity<Object> refused(Refusal refusal) {
        return answer(refusal.status(), new HttpHeaders(), refusal.getMessage());
    }

    /** What Spring refuses by itself: a path or a method without a route. The headers name the methods that would do. */
    @Override
    protected ResponseEntity<Object> handleExceptionInternal(
            Exception failure, Object body, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        String message = status.value() == HttpStatus.NOT_FOUND.value()
                ? "there is nothing at this path"
                : HttpStatus.valueOf(status.value()).getReasonPhrase();
        return answer(status, headers, message);
    }

    private static ResponseEntity<Object> answer(HttpStatusCode status, HttpHeaders headers, String message) {
        return ResponseEntity.status(status)
                .headers(headers)
                .contentType(MediaType.APPLICATION_JSON)
                .body(Map.of("error", message));
    }
}

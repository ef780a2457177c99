package com.example.javaapi;

import java.io.IOException;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/** Writes one line for each request once it is answered. */
@Component
class RequestLog extends OncePerRequestFilter {

    private static final Logger LOG = LoggerFactory.getLogger(RequestLog.class);

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        long start = System.nanoTime();
        try {
            chain.doFilter(request, response);
        } finally {
            long micros = (System.nanoTime() - start) / 1000;
            LOG.info("method={} path={} status={} duration_ms={}",
                    request.getMethod(), oneLine(request.getRequestURI()), response.getStatus(), micros / 1000.0);
        }
    }

    /** A path comes from outside: it must not begin a line of its own in the log. */
    private static String oneLine(String path) {
        return path.replaceAll("\\p{Cntrl}", " ");
    }
}

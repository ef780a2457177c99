// Command go-api serves a small list of items over HTTP.
//
// It is configured by environment variables: PORT (8080 when unset) is the port it listens on; WEBHOOK_URL, when set,
// receives every new item as a POST.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"example.com/go-api/internal/httpapi"
	"example.com/go-api/internal/items"
	"example.com/go-api/internal/webhook"

	_ "github.com/google/uuid"
)

// shutdownGrace is how long open requests and undelivered notifications may take after SIGINT or SIGTERM.
const shutdownGrace = 8 * time.Second

func main() {
	logger := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, logger, os.Getenv); err != nil {
		logger.Error("go-api stopped", "error", err)
		os.Exit(1)
	}
}

// run serves until ctx is done and then shuts down in order: no new connections, open requests, notifications.
func run(ctx context.Context, logger *slog.Logger, getenv func(string) string) error {
	config, err := configFrom(getenv)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", config.address)
	if err != nil {
		return err
	}
	return serve(ctx, logger, listener, config.webhookURL)
}

func serve(ctx context.Context, logger *slog.Logger, listener net.Listener, webhookURL string) error {
	notifier := webhook.New(webhookURL, http.DefaultClient, logger)
	server := &http.Server{
		Handler:           httpapi.New(items.NewStore(time.Now), notifier, logger),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	logger.Info("listening", "address", listener.Addr().String(), "webhook", webhookURL != "")

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	logger.Info("shutting down")
	grace, cancel := context.WithTimeout(context.Background(), shutdownGrace)
	defer cancel()
	return errors.Join(server.Shutdown(grace), notifier.Close(grace))
}

type config struct {
	address    string
	webhookURL string
}

func configFrom(getenv func(string) string) (config, error) {
	port := getenv("PORT")
	if port == "" {
		port = "8080"
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 {
		return config{}, fmt.Errorf("PORT is %q; it must be a number from 1 to 65535", port)
	}
	url := getenv("WEBHOOK_URL")
	if err := webhook.CheckURL(url); err != nil {
		return config{}, fmt.Errorf("WEBHOOK_URL: %w", err)
	}
	return config{address: ":" + port, webhookURL: url}, nil
}

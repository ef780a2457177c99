package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestConfiguration(t *testing.T) {
	tests := []struct {
		name    string
		env     map[string]string
		want    config
		refused string
	}{
		{name: "defaults", want: config{address: ":8080"}},
		{name: "a port", env: map[string]string{"PORT": "9000"}, want: config{address: ":9000"}},
		{
			name: "a webhook",
			env:  map[string]string{"WEBHOOK_URL": "https://hooks.example.com/items"},
			want: config{address: ":8080", webhookURL: "https://hooks.example.com/items"},
		},
		{name: "no number", env: map[string]string{"PORT": "http"}, refused: "PORT"},
		{name: "port zero", env: map[string]string{"PORT": "0"}, refused: "PORT"},
		{name: "port too high", env: map[string]string{"PORT": "65536"}, refused: "PORT"},
		{name: "not a web address", env: map[string]string{"WEBHOOK_URL": "hooks"}, refused: "WEBHOOK_URL"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := configFrom(func(key string) string { return test.env[key] })
			if test.refused != "" {
				if err == nil || !strings.Contains(err.Error(), test.refused) {
					t.Fatalf("got %v, want an error that names %s", err, test.refused)
				}
				return
			}
			if err != nil || got != test.want {
				t.Fatalf("got %+v, %v; want %+v", got, err, test.want)
			}
		})
	}
}

func TestAnItemReachesTheWebhookBeforeTheServiceIsGone(t *testing.T) {
	received := make(chan string, 1)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		received <- string(body)
	}))
	defer hook.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stopped := make(chan error, 1)
	go func() { stopped <- serve(ctx, slog.New(slog.NewJSONHandler(io.Discard, nil)), listener, hook.URL) }()

	answer, err := http.Post("http://"+listener.Addr().String()+"/api/items", "application/json", strings.NewReader(`{"name":"buoy"}`))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		t.Fatalf("POST answered %d, want 201", answer.StatusCode)
	}

	cancel()
	select {
	case err := <-stopped:
		if err != nil {
			t.Fatalf("shutdown: %v", err)
		}
	case <-time.After(shutdownGrace + time.Second):
		t.Fatal("the service did not stop")
	}
	select {
	case body := <-received:
		if !strings.Contains(body, `"buoy"`) {
			t.Fatalf("the webhook received %s", body)
		}
	default:
		t.Fatal("the service stopped before the webhook had the item")
	}
}

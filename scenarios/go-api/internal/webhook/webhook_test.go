package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/go-api/internal/items"
)

type hook struct {
	mu       sync.Mutex
	received []items.Item
	status   int
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var item items.Item
	if err := json.NewDecoder(r.Body).Decode(&item); err == nil {
		h.received = append(h.received, item)
	}
	w.WriteHeader(h.status)
}

func closed(t *testing.T, notifier *Notifier) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := notifier.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestDeliveries(t *testing.T) {
	tests := []struct {
		name      string
		secure    bool
		trusted   bool
		status    int
		delivered int
		logged    string
	}{
		{name: "plain HTTP", status: 204, delivered: 2},
		{name: "TLS with a certificate it trusts", secure: true, trusted: true, status: 200, delivered: 2},
		{name: "TLS with a certificate it does not trust", secure: true, status: 200, logged: "certificate"},
		{name: "a receiver that fails", status: 500, delivered: 2, logged: "500"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			receiver := &hook{status: test.status}
			server := httptest.NewUnstartedServer(receiver)
			server.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(io.Discard, nil), slog.LevelError)
			client := http.DefaultClient
			if test.secure {
				server.StartTLS()
			} else {
				server.Start()
			}
			defer server.Close()
			if test.trusted {
				client = server.Client()
			}
			log := &bytes.Buffer{}
			notifier := New(server.URL, client, slog.New(slog.NewTextHandler(log, nil)))
			notifier.ItemCreated(items.Item{ID: 1, Name: "mast"})
			notifier.ItemCreated(items.Item{ID: 2, Name: "keel"})
			closed(t, notifier)

			if len(receiver.received) != test.delivered {
				t.Fatalf("received %v, want %d items", receiver.received, test.delivered)
			}
			if test.logged == "" && log.Len() > 0 || !strings.Contains(log.String(), test.logged) {
				t.Fatalf("logged %q, want %q", log, test.logged)
			}
		})
	}
}

func TestWithoutAnAddressNothingIsSent(t *testing.T) {
	log := &bytes.Buffer{}
	notifier := New("", http.DefaultClient, slog.New(slog.NewTextHandler(log, nil)))
	notifier.ItemCreated(items.Item{ID: 1})
	closed(t, notifier)
	if log.Len() > 0 {
		t.Fatalf("logged %s", log)
	}
}

func TestAFullQueueDropsAndNeverBlocks(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	log := &bytes.Buffer{}
	notifier := New(server.URL, http.DefaultClient, slog.New(slog.NewTextHandler(log, nil)))
	for id := range queueLength + 2 {
		notifier.ItemCreated(items.Item{ID: id})
	}
	if !strings.Contains(log.String(), "queue is full") {
		t.Fatalf("logged %q", log)
	}
	close(release)
	closed(t, notifier)
	notifier.ItemCreated(items.Item{ID: 99})
	if !strings.Contains(log.String(), "webhook is closed") {
		t.Fatalf("logged %q", log)
	}
}

func TestCloseGivesUpWhenItsTimeIsOver(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	notifier := New(server.URL, http.DefaultClient, slog.New(slog.NewTextHandler(io.Discard, nil)))
	notifier.ItemCreated(items.Item{ID: 1})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := notifier.Close(ctx); err == nil {
		t.Fatal("Close returned no error while a delivery was under way")
	}
}

func TestAddresses(t *testing.T) {
	for address, good := range map[string]bool{
		"": true, "http://127.0.0.1:9000/hook": true, "https://hooks.example.com": true,
		"hooks.example.com": false, "ftp://hooks.example.com": false, "https://": false, "http://[": false,
	} {
		if err := CheckURL(address); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
	}
}

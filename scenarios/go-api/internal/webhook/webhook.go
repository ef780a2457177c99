// Package webhook tells another service of new items.
package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"example.com/go-api/internal/items"
)

const (
	// queueLength is how many items may wait; further ones are dropped and logged.
	queueLength = 64
	// deliveryTimeout bounds one delivery.
	deliveryTimeout = 5 * time.Second
)

// Notifier delivers items one after another, each once. Failures are logged and not retried.
type Notifier struct {
	url    string
	client *http.Client
	logger *slog.Logger
	done   chan struct{}

	mu     sync.Mutex
	closed bool
	queue  chan items.Item
}

// CheckURL says whether url can be a webhook: empty (none) or an absolute http or https address.
func CheckURL(address string) error {
	if address == "" {
		return nil
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return err
	}
	if (parsed.Scheme != "http" && parsed.Scheme != "https") || parsed.Host == "" {
		return fmt.Errorf("%q is no http or https address", address)
	}
	return nil
}

// New starts a notifier that POSTs to url; an empty url makes one that does nothing.
func New(url string, client *http.Client, logger *slog.Logger) *Notifier {
	n := &Notifier{url: url, client: client, logger: logger, done: make(chan struct{}), queue: make(chan items.Item, queueLength)}
	go n.deliverAll()
	return n
}

// ItemCreated queues the item and returns at once.
func (n *Notifier) ItemCreated(item items.Item) {
	if n.url == "" {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		n.logger.Warn("webhook is closed", "item", item.ID)
		return
	}
	select {
	case n.queue <- item:
	default:
		n.logger.Warn("webhook queue is full", "item", item.ID)
	}
}

// Close delivers what is queued and returns when that is done or ctx is.
func (n *Notifier) Close(ctx context.Context) error {
	n.mu.Lock()
	if !n.closed {
		n.closed = true
		close(n.queue)
	}
	n.mu.Unlock()
	select {
	case <-n.done:
		return nil
	case <-ctx.Done():
		return errors.New("the webhook did not take all items in time")
	}
}

func (n *Notifier) deliverAll() {
	defer close(n.done)
	for item := range n.queue {
		if err := n.deliver(item); err != nil {
			n.logger.Warn("webhook failed", "item", item.ID, "error", err)
		}
	}
}

func (n *Notifier) deliver(item items.Item) error {
	body, err := json.Marshal(item)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), deliveryTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, n.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := n.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	// A connection is only used again once its answer was read.
	io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10))
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("it answered %s", answer.Status)
	}
	return nil
}

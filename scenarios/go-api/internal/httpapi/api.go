// Package httpapi is the HTTP face of the service: its routes, their answers and the request log.
package httpapi

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"example.com/go-api/internal/items"
)

const (
	// maxBody is how many bytes of a request body are read.
	maxBody = 64 << 10
	// maxName is how many characters a name may have.
	maxName = 200
)

// Notifier is told of every item that was created. It must not block.
type Notifier interface {
	ItemCreated(items.Item)
}

type api struct {
	store    *items.Store
	notifier Notifier
	logger   *slog.Logger
}

// New returns the handler for all routes.
func New(store *items.Store, notifier Notifier, logger *slog.Logger) http.Handler {
	a := &api{store: store, notifier: notifier, logger: logger}
	router := chi.NewRouter()
	router.Use(middleware.RequestID, a.logRequests, middleware.Recoverer)
	router.NotFound(func(w http.ResponseWriter, _ *http.Request) {
		a.fail(w, http.StatusNotFound, "there is nothing at this path")
	})
	router.Get("/health", a.health)
	router.Route("/api/items", func(r chi.Router) {
		r.Get("/", a.list)
		r.Post("/", a.create)
	})
	return router
}

func (a *api) health(w http.ResponseWriter, _ *http.Request) {
	a.reply(w, http.StatusOK, map[string]string{"status": "ok"})
}

func (a *api) list(w http.ResponseWriter, _ *http.Request) {
	a.reply(w, http.StatusOK, map[string][]items.Item{"items": a.store.All()})
}

func (a *api) create(w http.ResponseWriter, r *http.Request) {
	name, err := readName(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			a.fail(w, http.StatusRequestEntityTooLarge, "the body is larger than 64 KiB")
			return
		}
		a.fail(w, http.StatusBadRequest, err.Error())
		return
	}
	item := a.store.Add(name)
	a.notifier.ItemCreated(item)
	a.reply(w, http.StatusCreated, item)
}

var (
	errBadJSON     = errors.New(`the body is not valid JSON; send an object such as {"name": "anchor"}`)
	errMissingName = errors.New(`the item has no name; send an object such as {"name": "anchor"}`)
	errLongName    = errors.New("the name is longer than 200 characters")
)

// readName takes the name of a new item from a request body that must hold exactly one JSON object.
func readName(body io.Reader) (string, error) {
	var request struct {
		Name string `json:"name"`
	}
	decoder := json.NewDecoder(body)
	if err := decoder.Decode(&request); err != nil {
		return "", jsonError(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return "", jsonError(err)
	}
	name := strings.TrimSpace(request.Name)
	switch {
	case name == "":
		return "", errMissingName
	case utf8.RuneCountInString(name) > maxName:
		return "", errLongName
	}
	return name, nil
}

// jsonError keeps the error for a body that is too large and hides the decoder's words otherwise.
func jsonError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return errBadJSON
}

func (a *api) fail(w http.ResponseWriter, status int, message string) {
	a.reply(w, status, map[string]string{"error": message})
}

func (a *api) reply(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(value); err != nil {
		a.logger.Warn("answer not sent", "error", err)
	}
}

package httpapi

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/go-api/internal/items"
)

type recorder struct{ created []items.Item }

func (r *recorder) ItemCreated(item items.Item) { r.created = append(r.created, item) }

func newHandler(t *testing.T) (http.Handler, *recorder, *bytes.Buffer) {
	t.Helper()
	at := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	notified, log := &recorder{}, &bytes.Buffer{}
	store := items.NewStore(func() time.Time { return at })
	return New(store, notified, slog.New(slog.NewJSONHandler(log, nil))), notified, log
}

func ask(handler http.Handler, method, path, body string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(method, path, strings.NewReader(body)))
	return answer
}

func TestAnswers(t *testing.T) {
	tests := []struct {
		name   string
		method string
		path   string
		body   string
		status int
		want   string
	}{
		{"health", http.MethodGet, "/health", "", 200, `{"status":"ok"}`},
		{"an empty list", http.MethodGet, "/api/items", "", 200, `{"items":[]}`},
		{"a new item", http.MethodPost, "/api/items", `{"name":" anchor "}`, 201, `{"id":1,"name":"anchor","created_at":"2024-05-01T12:00:00Z"}`},
		{"keys it does not know are left alone", http.MethodPost, "/api/items", `{"name":"a","color":"red"}`, 201, `"name":"a"`},
		{"JSON that ends early", http.MethodPost, "/api/items", `{"name":`, 400, "not valid JSON"},
		{"no body", http.MethodPost, "/api/items", "", 400, "not valid JSON"},
		{"two objects", http.MethodPost, "/api/items", `{"name":"a"}{"name":"b"}`, 400, "not valid JSON"},
		{"a name that is no text", http.MethodPost, "/api/items", `{"name":7}`, 400, "not valid JSON"},
		{"no name", http.MethodPost, "/api/items", `{}`, 400, "no name"},
		{"a blank name", http.MethodPost, "/api/items", `{"name":"  "}`, 400, "no name"},
		{"a long name", http.MethodPost, "/api/items", `{"name":"` + strings.Repeat("ä", 201) + `"}`, 400, "longer than 200"},
		{"the longest name", http.MethodPost, "/api/items", `{"name":"` + strings.Repeat("ä", 200) + `"}`, 201, `"id":1`},
		{"a large body", http.MethodPost, "/api/items", `{"name":"` + strings.Repeat("a", maxBody) + `"}`, 413, "larger than 64 KiB"},
		{"a method without a route", http.MethodDelete, "/api/items", "", 405, ""},
		{"a path without a route", http.MethodGet, "/api/orders", "", 404, "nothing at this path"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			handler, notified, _ := newHandler(t)
			answer := ask(handler, test.method, test.path, test.body)
			if answer.Code != test.status || !strings.Contains(answer.Body.String(), test.want) {
				t.Fatalf("answered %d %s, want %d %s", answer.Code, answer.Body, test.status, test.want)
			}
			if created := len(notified.created) == 1; created != (test.status == http.StatusCreated) {
				t.Fatalf("status %d, but notified of %v", test.status, notified.created)
			}
			if test.want != "" && answer.Header().Get("Content-Type") != "application/json" {
				t.Fatalf("content type %q", answer.Header().Get("Content-Type"))
			}
		})
	}
}

func TestACreatedItemIsListed(t *testing.T) {
	handler, _, _ := newHandler(t)
	ask(handler, http.MethodPost, "/api/items", `{"name":"mast"}`)
	ask(handler, http.MethodPost, "/api/items", `{"name":"keel"}`)

	var list struct{ Items []items.Item }
	if err := json.Unmarshal(ask(handler, http.MethodGet, "/api/items", "").Body.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 2 || list.Items[0].Name != "mast" || list.Items[1].Name != "keel" {
		t.Fatalf("listed %+v", list.Items)
	}
}

func TestTheMethodsThatWouldDoAreNamed(t *testing.T) {
	handler, _, _ := newHandler(t)
	allowed := strings.Join(ask(handler, http.MethodPut, "/api/items", "").Header().Values("Allow"), ",")
	if !strings.Contains(allowed, "GET") || !strings.Contains(allowed, "POST") {
		t.Fatalf("Allow: %q, want GET and POST", allowed)
	}
}

func TestEachRequestIsLoggedOnce(t *testing.T) {
	handler, _, log := newHandler(t)
	ask(handler, http.MethodPost, "/api/items", `{`)

	var line struct {
		Method, Path string
		Status       int
	}
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatalf("the log is not one line of JSON: %v\n%s", err, log)
	}
	if line.Method != "POST" || line.Path != "/api/items" || line.Status != 400 {
		t.Fatalf("logged %+v", line)
	}
}

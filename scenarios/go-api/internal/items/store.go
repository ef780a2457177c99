// Package items keeps the items of the service in memory.
package items

import (
	"sync"
	"time"
)

// Item is one entry of the list.
type Item struct {
	ID        int       `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

// Store holds items in order of creation. It may be used by several goroutines at once.
type Store struct {
	now func() time.Time

	mu    sync.RWMutex
	items []Item
}

// NewStore returns an empty store that takes creation times from now.
func NewStore(now func() time.Time) *Store {
	return &Store{now: now, items: []Item{}}
}

// Add stores an item of this name and returns it with its number; numbers start at 1.
func (s *Store) Add(name string) Item {
	s.mu.Lock()
	defer s.mu.Unlock()
	item := Item{ID: len(s.items) + 1, Name: name, CreatedAt: s.now().UTC()}
	s.items = append(s.items, item)
	return item
}

// All returns a copy of all items; it is empty, never nil, when there are none.
func (s *Store) All() []Item {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return append(make([]Item, 0, len(s.items)), s.items...)
}

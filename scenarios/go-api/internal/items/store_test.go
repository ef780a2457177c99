package items

import (
	"sync"
	"testing"
	"time"
)

func TestItemsKeepTheirOrderAndNumbers(t *testing.T) {
	at := time.Date(2024, 5, 1, 12, 0, 0, 0, time.FixedZone("CEST", 2*60*60))
	store := NewStore(func() time.Time { return at })
	if all := store.All(); all == nil || len(all) != 0 {
		t.Fatalf("an empty store returned %#v, want an empty list", all)
	}
	store.Add("mast")
	store.Add("keel")

	all := store.All()
	if len(all) != 2 || all[0].Name != "mast" || all[0].ID != 1 || all[1].Name != "keel" || all[1].ID != 2 {
		t.Fatalf("got %+v", all)
	}
	if all[0].CreatedAt != at.UTC() {
		t.Fatalf("created at %v, want %v", all[0].CreatedAt, at.UTC())
	}
	all[0].Name = "changed"
	if store.All()[0].Name != "mast" {
		t.Fatal("a caller changed the store through the list it was given")
	}
}

func TestConcurrentAddsGiveEachItemItsOwnNumber(t *testing.T) {
	store := NewStore(time.Now)
	var group sync.WaitGroup
	for range 50 {
		group.Add(1)
		go func() {
			defer group.Done()
			store.Add("rivet")
			store.All()
		}()
	}
	group.Wait()

	seen := map[int]bool{}
	for _, item := range store.All() {
		seen[item.ID] = true
	}
	if len(seen) != 50 {
		t.Fatalf("%d different numbers, want 50", len(seen))
	}
}

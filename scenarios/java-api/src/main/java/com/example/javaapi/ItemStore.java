package com.example.javaapi;

import java.time.Clock;
import java.util.ArrayList;
import java.util.List;

import org.springframework.stereotype.Component;

/** Keeps items in memory, in order of creation. It may be used by several threads at once. */
@Component
class ItemStore {

    private final Clock clock;
    private final List<Item> items = new ArrayList<>();

    ItemStore(Clock clock) {
        this.clock = clock;
    }

    /** Stores an item of this name and returns it with its number; numbers start at 1. */
    synchronized Item add(String name) {
        Item item = new Item(items.size() + 1, name, clock.instant());
        items.add(item);
        return item;
    }

    /** A copy of all items. */
    synchronized List<Item> all() {
        return List.copyOf(items);
    }
}

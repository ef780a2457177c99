import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, test } from "vitest";

import { App } from "./App";

beforeEach(() => localStorage.clear());
afterEach(cleanup);

function open(address = "/") {
  return render(
    <MemoryRouter initialEntries={[address]}>
      <App />
    </MemoryRouter>,
  );
}

function add(name: string, tons: string) {
  fireEvent.change(screen.getByLabelText("Name"), { target: { value: name } });
  fireEvent.change(screen.getByLabelText("Tons"), { target: { value: tons } });
  fireEvent.click(screen.getByText("Add"));
}

test("what is added, loaded and removed shows on the page", () => {
  open();
  expect(screen.getByText("Nothing to load.")).toBeTruthy();
  add("grain", "30");
  add("rope", "2");
  fireEvent.click(screen.getByLabelText("grain, 30 t"));
  expect(screen.getByRole("status").textContent).toBe("30 t on board");

  fireEvent.click(screen.getByLabelText("only what waits"));
  expect(screen.queryByLabelText("grain, 30 t")).toBeNull();
  fireEvent.click(screen.getByText("Remove rope"));
  expect(screen.getByText("Nothing to load.")).toBeTruthy();
});

test("a nameless thing is not added", () => {
  open();
  add("  ", "3");
  expect(screen.queryAllByRole("listitem")).toHaveLength(0);
});

test("the list is there again after the page was closed", () => {
  const first = open();
  add("grain", "30");
  first.unmount();
  open();
  expect(screen.getByLabelText("grain, 30 t")).toBeTruthy();
});

test("each address shows its page", () => {
  open("/about");
  expect(screen.getByText(/before the ship sails/)).toBeTruthy();
  cleanup();
  open("/nowhere");
  expect(screen.getByText(/nothing at this address/)).toBeTruthy();
});

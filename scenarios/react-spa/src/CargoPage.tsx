import { useEffect, useReducer, useState } from "react";
import type { FormEvent } from "react";

import { keep, loadedTons, reduce, restore } from "./cargo";
import type { Cargo } from "./cargo";

type Shown = "all" | "waiting";

/** The list with its form and its filter. */
export function CargoPage() {
  const [list, dispatch] = useReducer(reduce, localStorage, restore);
  const [shown, setShown] = useState<Shown>("all");
  useEffect(() => keep(localStorage, list), [list]);

  const visible = list.filter((cargo) => shown === "all" || !cargo.loaded);
  return (
    <>
      <CargoForm onAdd={(name, tons) => dispatch({ type: "add", name, tons })} />
      <label>
        <input type="checkbox" checked={shown === "waiting"} onChange={(e) => setShown(e.target.checked ? "waiting" : "all")} />
        only what waits
      </label>
      {visible.length === 0 ? (
        <p>Nothing to load.</p>
      ) : (
        <ul>
          {visible.map((cargo) => (
            <CargoRow
              key={cargo.id}
              cargo={cargo}
              onToggle={() => dispatch({ type: "toggle", id: cargo.id })}
              onRemove={() => dispatch({ type: "remove", id: cargo.id })}
            />
          ))}
        </ul>
      )}
      <p role="status">{loadedTons(list)} t on board</p>
    </>
  );
}

function CargoForm({ onAdd }: { onAdd: (name: string, tons: number) => void }) {
  const [name, setName] = useState("");
  const [tons, setTons] = useState("1");
  function submit(event: FormEvent) {
    event.preventDefault();
    const weight = Number(tons);
    if (name.trim() === "" || !(weight > 0)) {
      return;
    }
    onAdd(name.trim(), weight);
    setName("");
  }
  return (
    <form onSubmit={submit}>
      <input aria-label="Name" value={name} onChange={(e) => setName(e.target.value)} required />
      <input aria-label="Tons" type="number" min="0.1" step="0.1" value={tons} onChange={(e) => setTons(e.target.value)} required />
      <button type="submit">Add</button>
    </form>
  );
}

function CargoRow({ cargo, onToggle, onRemove }: { cargo: Cargo; onToggle: () => void; onRemove: () => void }) {
  return (
    <li>
      <label>
        <input type="checkbox" checked={cargo.loaded} onChange={onToggle} /> {cargo.name}, {cargo.tons} t
      </label>{" "}
      <button type="button" onClick={onRemove}>
        Remove {cargo.name}
      </button>
    </li>
  );
}

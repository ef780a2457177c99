import { NavLink, Route, Routes } from "react-router";

import { About } from "./About";
import { CargoPage } from "./CargoPage";

/** The page's frame and its routes. */
export function App() {
  return (
    <>
      <header>
        <h1>Cargo list</h1>
        <nav>
          <NavLink to="/">List</NavLink> <NavLink to="/about">About</NavLink>
        </nav>
      </header>
      <main>
        <Routes>
          <Route path="/" element={<CargoPage />} />
          <Route path="/about" element={<About />} />
          <Route path="*" element={<p>There is nothing at this address.</p>} />
        </Routes>
      </main>
    </>
  );
}

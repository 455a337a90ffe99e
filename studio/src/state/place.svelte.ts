/**
 * Where the page is: the view and the one selection that all views share, as the part of the address behind the `#`. So
 * back and forward work, a link shows the same picture, and two views never disagree.
 */
import type { Change } from "./change.ts";

type Values = Readonly<Record<string, string>>;

/** The view and the selection in the address. Reading any of its properties in a component follows changes. */
export class Place {
  #view = $state("");
  #values = $state.raw<Values>({});

  readonly #fallback: string;

  constructor(fallback = "attention") {
    this.#fallback = fallback;
    this.#read();
    addEventListener("popstate", () => {
      this.#read();
    });
    addEventListener("hashchange", () => {
      this.#read();
    });
  }

  get view(): string {
    return this.#view;
  }

  /** What the address says under a name. */
  get(name: string): string | undefined {
    return this.#values[name];
  }

  /** All that the address says. */
  get values(): Values {
    return this.#values;
  }

  /**
   * Changes the selection. A change that a person would want to go back from makes an entry in the history; `replace`
   * makes none, for sliders and panning.
   */
  set(change: Change, { replace = false }: { readonly replace?: boolean } = {}): void {
    this.go(this.#view, change, { replace });
  }

  /** Another view with the same selection, changed. */
  go(view: string, change: Change = {}, { replace = false }: { readonly replace?: boolean } = {}): void {
    const address = this.link(view, change);
    if (address === location.hash) return;
    if (replace) history.replaceState(null, "", address);
    else history.pushState(null, "", address);
    this.#read();
  }

  /** The address of a view with the selection changed, for links. */
  link(view: string, change: Change = {}): string {
    const values = new URLSearchParams(this.#values);
    for (const [name, value] of Object.entries(change)) {
      if (value === undefined || value === "" || (Array.isArray(value) && value.length === 0)) values.delete(name);
      else values.set(name, Array.isArray(value) ? value.join(",") : String(value));
    }
    const text = values.toString();
    return `#/${view}${text === "" ? "" : `?${text}`}`;
  }

  #read(): void {
    const [path = "", text = ""] = location.hash.replace(/^#\/?/, "").split("?");
    this.#view = path === "" ? this.#fallback : path;
    this.#values = Object.fromEntries(new URLSearchParams(text));
  }
}

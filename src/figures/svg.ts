import { displayWidth, graphemes, printable } from "./display-width.ts";
import { hex, type Rgb } from "./color.ts";

/** A piece of finished SVG, escaped. Only the functions of this file make one. */
export type Svg = string & { readonly svg: unique symbol };

type Attribute = string | number | undefined;

/** The text with what XML keeps for itself escaped, and what it forbids replaced. */
export function escapeXml(text: string): string {
  const names: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return printable(text).replace(/[&<>"']/g, (character) => names[character]!);
}

/** An element with attributes (undefined ones are left out) and children, which are SVG already. */
export function element(name: string, attributes: Record<string, Attribute>, children: readonly Svg[] = []): Svg {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeXml(typeof value === "number" ? coordinate(value) : value!)}"`)
    .join("");
  return (children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join("")}</${name}>`) as Svg;
}

/** An element that holds text. */
export function textElement(name: string, attributes: Record<string, Attribute>, text: string): Svg {
  return element(name, attributes, [escapeXml(text) as Svg]);
}

/** Hundredths of a pixel are enough. */
function coordinate(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** Colors of the paper and the pen, in light and in dark. */
export const theme = {
  paper: { light: "#ffffff", dark: "#14181f" },
  ink: { light: "#1f2328", dark: "#e8ebef" },
  quiet: { light: "#59636e", dark: "#a0abb7" },
  rule: { light: "#d5dbe1", dark: "#323a45" },
} as const;

/** The attributes of text: `ink` for what matters, `quiet` for the rest. */
export function type(tone: "ink" | "quiet", size: number, anchor: "start" | "middle" | "end" = "start") {
  const attributes = { class: tone, fill: theme[tone].light, "font-size": size };
  return anchor === "start" ? attributes : { ...attributes, "text-anchor": anchor };
}

/** The attributes of a thin line. */
export const hairline = { class: "rule", stroke: theme.rule.light, "stroke-width": 1, fill: "none" };

/** A color that has a counterpart on dark paper: the light one is an attribute, the dark one a rule of the style. */
export class Palette {
  readonly #rules = new Map<string, string>();

  /** Attributes that fill with `light`, and with `dark` on dark paper. */
  fill(name: string, light: Rgb, dark: Rgb): { class: string; fill: string } {
    this.#rules.set(`.${name}`, `fill:${hex(dark)}`);
    return { class: name, fill: hex(light) };
  }

  /** Attributes that stroke with `light`, and with `dark` on dark paper. */
  stroke(name: string, light: Rgb, dark: Rgb): { class: string; stroke: string } {
    this.#rules.set(`.${name}`, `stroke:${hex(dark)}`);
    return { class: name, stroke: hex(light) };
  }

  /** The rules for dark paper, each under the figure's own id, so that a page holding it is left alone. */
  darkRules(id: string): string {
    return [...this.#rules].map(([selector, rule]) => `#${id} ${selector}{${rule}}`).join("");
  }
}

/** What every figure has. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  /** One or two sentences for those who cannot see the picture. */
  readonly description: string;
  readonly palette: Palette;
  readonly body: readonly Svg[];
}

/**
 * A whole SVG file: paper of its own (so that it reads on any page), accessible title and description, and a style for
 * readers whose screen is dark. Print is always light.
 */
export function figure({ width, height, title, description, palette, body }: Frame): string {
  const id = `heed-${fingerprint(title + description + body.join(""))}`;
  const dark =
    `#${id} .paper{fill:${theme.paper.dark}}#${id} .ink{fill:${theme.ink.dark}}` +
    `#${id} .quiet{fill:${theme.quiet.dark}}#${id} .rule{stroke:${theme.rule.dark}}${palette.darkRules(id)}`;
  const size = { width: Math.ceil(width), height: Math.ceil(height) };
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      id,
      ...size,
      viewBox: `0 0 ${size.width} ${size.height}`,
      role: "img",
      "aria-labelledby": `${id}-title ${id}-description`,
      "font-family": "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif",
    },
    [
      textElement("title", { id: `${id}-title` }, title),
      textElement("desc", { id: `${id}-description` }, description),
      `<style>@media screen and (prefers-color-scheme: dark){${dark}}</style>` as Svg,
      element("rect", { class: "paper", width: size.width, height: size.height, rx: 6, fill: theme.paper.light }),
      ...body,
    ],
  );
}

/** FNV-1a, 32 bits: equal figures get equal ids, different ones can share a page. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(36);
}

/** About how wide a text will be, in pixels. Nothing here can measure fonts, so it leans to the wide side. */
export function textWidth(text: string, size: number): number {
  return graphemes(text).reduce((width, grapheme) => width + size * glyphWidth(grapheme), 0);
}

function glyphWidth(grapheme: string): number {
  if (/^[iljI.,:;'|!`\s]/.test(grapheme)) return 0.34;
  if (/^[mwMWQO@%…—]/.test(grapheme)) return 0.86;
  if (/^\p{Uppercase}/u.test(grapheme)) return 0.7;
  return displayWidth(grapheme) > 1 ? 1.05 : 0.59;
}

/** The text cut to about `width` pixels, with "…" in place of what was cut. */
export function fitText(text: string, size: number, width: number): string {
  if (textWidth(text, size) <= width) return text;
  const kept = graphemes(text);
  while (kept.length > 1 && textWidth(`${kept.join("")}…`, size) > width) kept.pop();
  return `${kept.join("").trimEnd()}…`;
}

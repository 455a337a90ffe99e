/**
 * Spans marked by tags: B-PER begins a person, I-PER goes on with it, E-PER ends it, S-PER is one by itself, O is none.
 * Without a scheme faulty tags are repaired as conlleval does (Tjong Kim Sang and Buchholz 2000), which is seqeval's
 * default; with one only spans that obey it count, which is seqeval's strict mode.
 */
import { InputError } from "../errors/index.ts";

/** How spans are tagged: IOB2 (often called BIO) has B, I and O; IOBES also E and S; BILOU writes L for E, U for S. */
export const TAG_SCHEMES = ["IOB2", "IOBES", "BILOU"] as const;
export type TagScheme = (typeof TAG_SCHEMES)[number];

/** Tokens that are named together: [start, end). */
export interface TagSpan {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/** The spans of one sentence, and how many of its tags are faulty. */
export interface ReadTags {
  readonly spans: TagSpan[];
  /**
   * Without a scheme: I- and E- tags that had to begin a span because no other did, and so were repaired. With one: tags
   * that name something but are in no span.
   */
  readonly faults: number;
}

interface Tag {
  readonly prefix: string;
  readonly type: string;
}

const prefixes = { lenient: "BIESO", IOB2: "BIO", IOBES: "BIESO", BILOU: "BILUO" } as const;

/**
 * The spans that the tags of one sentence mark. A tag without a type (B, I) has the type `_`.
 * @param scheme count only spans that obey it; default: repair what is faulty.
 * @throws InputError for a tag that is not of the scheme.
 */
export function readTags(tags: readonly string[], scheme?: TagScheme): ReadTags {
  const parsed = tags.map((tag, at) => parse(tag, at, scheme));
  return scheme === undefined ? repaired(parsed) : strict(parsed, scheme);
}

function parse(tag: string, at: number, scheme: TagScheme | undefined): Tag {
  const allowed = prefixes[scheme ?? "lenient"];
  const [, prefix, type] = /^([A-Z])(?:-(.*))?$/s.exec(tag) ?? [];
  if (prefix === undefined || !allowed.includes(prefix)) {
    const forms = Array.from(allowed, (letter) => (letter === "O" ? "O" : `${letter}-TYPE`)).join(", ");
    throw new InputError(`Tag ${at + 1} of a sentence is "${tag}"; it must be one of ${forms}.`);
  }
  return { prefix, type: type === undefined || type === "" ? "_" : type };
}

const outside: Tag = { prefix: "O", type: "_" };

/** A span begins at B and S, after a span's end, and where the type changes. */
function repaired(tags: readonly Tag[]): ReadTags {
  const spans: { type: string; start: number; end: number }[] = [];
  let faults = 0;
  tags.forEach((tag, at) => {
    const before = tags[at - 1] ?? outside;
    if (tag.prefix === "O") return;
    const due = tag.prefix === "B" || tag.prefix === "S";
    if (due || "OES".includes(before.prefix) || before.type !== tag.type) {
      spans.push({ type: tag.type, start: at, end: at + 1 });
      faults += due ? 0 : 1;
    } else spans.at(-1)!.end = at + 1;
  });
  return { spans, faults };
}

/** A span is B I … of one type; where the scheme marks ends it is B I … E, or S alone (BILOU: L and U). */
function strict(tags: readonly Tag[], scheme: TagScheme): ReadTags {
  const [last, alone] = scheme === "BILOU" ? ["L", "U"] : ["E", "S"];
  const spans: TagSpan[] = [];
  let inSpans = 0;
  for (let start = 0, end: number; start < tags.length; start = end) {
    const { prefix, type } = tags[start]!;
    end = start + 1;
    if (prefix !== "B" && prefix !== alone) continue;
    if (prefix === "B") end = runEnd(tags, end, type, last);
    if (scheme !== "IOB2" && prefix === "B" && tags[end - 1]!.prefix !== last) continue;
    spans.push({ type, start, end });
    inSpans += end - start;
  }
  return { spans, faults: tags.filter(({ prefix }) => prefix !== "O").length - inSpans };
}

/** Where a run of I of one type ends, with the one tag that ends it. */
function runEnd(tags: readonly Tag[], start: number, type: string, last: string): number {
  let end = start;
  while (tags[end]?.prefix === "I" && tags[end]!.type === type) end++;
  return tags[end]?.prefix === last && tags[end]!.type === type ? end + 1 : end;
}

/** An element of a parsed file. */
export interface Node {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: Node[];
  /** The text directly inside, entities resolved. */
  text: string;
}

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
const namePattern = /^[A-Za-z_][\w:.-]*$/;
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\p{Surrogate}]/u;

/** A strict reader for the XML that figures are written in. Throws at the first thing that is not well-formed. */
export function parseXml(source: string): Node {
  if (forbidden.test(source)) throw new Error("a character that XML does not allow");
  const root: Node = { name: "", attributes: new Map(), children: [], text: "" };
  const open = [root];
  for (const [piece] of source.matchAll(/<[^>]*>|[^<]+/g)) {
    const parent = open.at(-1)!;
    if (!piece.startsWith("<")) parent.text += unescape(piece);
    else if (piece.startsWith("</")) {
      if (open.length < 2 || piece !== `</${parent.name}>`) throw new Error(`${piece} closes <${parent.name}>`);
      open.pop();
    } else {
      const node = readTag(piece);
      parent.children.push(node);
      if (!piece.endsWith("/>")) open.push(node);
    }
  }
  if (open.length !== 1) throw new Error(`<${open.at(-1)!.name}> is not closed`);
  if (root.children.length !== 1 || root.text.trim() !== "") throw new Error("not one root element");
  return root.children[0]!;
}

function readTag(piece: string): Node {
  const body = piece.slice(1, piece.endsWith("/>") ? -2 : -1);
  const name = /^[^\s]+/.exec(body)?.[0] ?? "";
  const attributes = new Map<string, string>();
  const rest = body.slice(name.length).replace(/\s+([^\s=]+)="([^"<]*)"/g, (_, key: string, value: string) => {
    if (!namePattern.test(key) || attributes.has(key)) throw new Error(`attribute ${key} in ${piece}`);
    attributes.set(key, unescape(value));
    return "";
  });
  if (!namePattern.test(name) || rest.trim() !== "") throw new Error(`malformed tag ${piece}`);
  return { name, attributes, children: [], text: "" };
}

function unescape(text: string): string {
  return text.replace(/&([^;\s]*;?)/g, (whole, name: string) => {
    const value = name.endsWith(";") ? entities[name.slice(0, -1)] : undefined;
    if (value === undefined) throw new Error(`unknown entity ${whole}`);
    return value;
  });
}

/** All elements inside that satisfy `test`, in order. */
export function findAll(node: Node, test: (node: Node) => boolean): Node[] {
  return node.children.flatMap((child) => [...(test(child) ? [child] : []), ...findAll(child, test)]);
}

/** Whether the element has the class. */
export function hasClass(name: string): (node: Node) => boolean {
  return ({ attributes }) => (attributes.get("class") ?? "").split(" ").includes(name);
}

/** The texts of all <text> elements. */
export function drawnTexts(node: Node): string[] {
  return findAll(node, ({ name }) => name === "text").map(({ text }) => text);
}

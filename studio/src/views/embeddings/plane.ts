/** Where points are on screen: a camera over a plane, and which names have room. */

/** How the plane is seen: `scale` pixels a unit, and the point of the plane in the middle. */
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

/** Points of a plane, [count, 2] or more numbers each, of which the first two are seen. */
export interface Points {
  readonly values: Float32Array;
  readonly stride: number;
  readonly count: number;
}

export const pointsOf = (values: Float32Array, stride: number): Points => ({
  values,
  stride,
  count: values.length / stride,
});

export const xOf = ({ values, stride }: Points, i: number): number => values[i * stride]!;
export const yOf = ({ values, stride }: Points, i: number): number => values[i * stride + 1]!;

/** The camera that sees all points, with a margin. */
export function wholeView(points: Points, width: number, height: number): Camera {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < points.count; i++) {
    const [x, y] = [xOf(points, i), yOf(points, i)];
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [low, high] = [Math.min(low, y), Math.max(high, y)];
  }
  if (points.count === 0) return { x: 0, y: 0, scale: 1 };
  const scale = 0.88 * Math.min(width / (right - left || 1), height / (high - low || 1));
  return { x: (left + right) / 2, y: (low + high) / 2, scale };
}

/** A place of the plane on screen; y grows upward in the plane. */
export function onScreen(
  { x, y, scale }: Camera,
  width: number,
  height: number,
  px: number,
  py: number,
): readonly [number, number] {
  return [width / 2 + (px - x) * scale, height / 2 - (py - y) * scale];
}

/** The camera after zooming by `factor` about a place on screen. */
export function zoomed(camera: Camera, factor: number, width: number, height: number, sx: number, sy: number): Camera {
  const scale = Math.max(1e-9, camera.scale * factor);
  const [dx, dy] = [sx - width / 2, sy - height / 2];
  return {
    scale,
    x: camera.x + dx / camera.scale - dx / scale,
    y: camera.y - dy / camera.scale + dy / scale,
  };
}

/** Whether a place lies inside of a closed line (a ray to the right crosses it an odd number of times). */
export function isInside(line: readonly (readonly [number, number])[], x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, j = line.length - 1; i < line.length; j = i++) {
    const [[ax, ay], [bx, by]] = [line[i]!, line[j]!];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

/** Boxes on screen that are taken, in a grid, so that many names are placed fast. */
export class Room {
  readonly #cell = 48;
  readonly #taken = new Map<string, (readonly [number, number, number, number])[]>();

  /** Takes a box where it is free; says whether it was. */
  take(left: number, top: number, right: number, bottom: number): boolean {
    const cells: string[] = [];
    for (let x = Math.floor(left / this.#cell); x <= Math.floor(right / this.#cell); x++) {
      for (let y = Math.floor(top / this.#cell); y <= Math.floor(bottom / this.#cell); y++) cells.push(`${x} ${y}`);
    }
    for (const cell of cells) {
      for (const [l, t, r, b] of this.#taken.get(cell) ?? []) {
        if (left < r && l < right && top < b && t < bottom) return false;
      }
    }
    for (const cell of cells) {
      const boxes = this.#taken.get(cell);
      if (boxes === undefined) this.#taken.set(cell, [[left, top, right, bottom]]);
      else boxes.push([left, top, right, bottom]);
    }
    return true;
  }
}

/** The nearest point in the direction of an arrow key, weighing sideways steps double; undefined where there is none. */
export function nextPoint(points: Points, from: number, dx: number, dy: number): number | undefined {
  let [best, least]: [number | undefined, number] = [undefined, Infinity];
  for (let i = 0; i < points.count; i++) {
    const [x, y] = [xOf(points, i) - xOf(points, from), yOf(points, i) - yOf(points, from)];
    const along = x * dx + y * dy;
    const aside = Math.abs(x * dy - y * dx);
    if (i === from || along <= 0 || aside > 2 * along) continue;
    const cost = along + 2 * aside;
    if (cost < least) [best, least] = [i, cost];
  }
  return best;
}

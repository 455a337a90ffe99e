/** A whole number with thousands separated: 1234567 gives "1,234,567". Fractions are rounded; the locale plays no part. */
export function formatCount(value: number): string {
  if (!Number.isFinite(value)) return formatNumber(value);
  const digits = BigInt(Math.round(Math.abs(value))).toString();
  const sign = value < 0 && digits !== "0" ? "-" : "";
  return sign + digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

/**
 * A number for people: 0.1235, 12.3, 1,234,567, 1.23e-5.
 * @param digits significant digits, 3 unless told; a whole part is never cut short.
 */
export function formatNumber(value: number, digits = 3): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e15 || size < 1e-3) {
    const [mantissa = "", exponent = "0"] = value.toExponential(digits - 1).split("e");
    return `${trimZeros(mantissa)}e${Number(exponent)}`;
  }
  if (Number.isInteger(value) || size >= 10 ** digits) return formatCount(value);
  const rounded = Number(value.toPrecision(digits));
  return Math.abs(rounded) >= 1000 ? formatCount(rounded) : trimZeros(rounded.toFixed(decimalsFor(rounded, digits)));
}

/** Decimals that leave `digits` significant digits of `value`. */
function decimalsFor(value: number, digits: number): number {
  return Math.min(20, Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value)))));
}

function trimZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** A number for a cell of a grid, at most five characters for ordinary weights: ".87", "1.0", "-.20", "12". */
export function formatCell(value: number): string {
  if (!Number.isFinite(value)) return formatNumber(value);
  if (Math.abs(value) >= 9.995) return formatNumber(value, 2);
  const text = value.toFixed(Math.abs(value) >= 0.995 ? 1 : 2);
  return text.replace(/^(-?)0\./, "$1.").replace(/^-\.00$/, ".00");
}

/** A time span for people, in its two largest units: "3.2 s", "1 min 20 s", "2 h 5 min", "3 d 4 h". */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "unknown";
  if (seconds < 9.95) return `${trimZeros(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return twoUnits(whole, 60, "min", "s");
  const minutes = Math.round(whole / 60);
  if (minutes < 1440) return twoUnits(minutes, 60, "h", "min");
  return twoUnits(Math.round(minutes / 60), 24, "d", "h");
}

function twoUnits(value: number, per: number, large: string, small: string): string {
  const rest = value % per;
  const head = `${formatCount(Math.floor(value / per))} ${large}`;
  return rest === 0 ? head : `${head} ${rest} ${small}`;
}

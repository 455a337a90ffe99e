const units = ["bytes", "kB", "MB", "GB", "TB"] as const;

/** An amount of memory for people, in steps of 1,000: "512 bytes", "5.2 MB", "1.3 GB". */
export function formatBytes(bytes: number): string {
  const step = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${step === 0 ? bytes : (bytes / 1000 ** step).toFixed(1)} ${units[step]!}`;
}

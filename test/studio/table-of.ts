/** What a figure says, in numbers. */
import type { Page } from "playwright-core";

/** Opens the table behind a figure and reads it, without its first column. */
export async function tableOf(page: Page, figure: string): Promise<{ names: string[]; numbers: number[][] }> {
  const frame = page.locator(`[data-figure="${figure}"]`);
  await frame.getByRole("button", { name: "Table", exact: true }).click();
  const rows = frame.getByRole("region").locator("tbody tr");
  await rows.first().waitFor();
  const cells = await rows.evaluateAll((all) =>
    all.map((row) => [...row.querySelectorAll("td")].map((cell) => cell.textContent ?? "")),
  );
  return { names: cells.map(([first]) => first!), numbers: cells.map(([, ...rest]) => rest.map(Number)) };
}

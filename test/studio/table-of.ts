/** What a figure says, in numbers. */
import type { Page } from "playwright-core";

/** Opens the table behind a figure and reads it, without its first column. */
export async function tableOf(page: Page, figure: string): Promise<{ names: string[]; numbers: number[][] }> {
  const frame = page.locator(`[data-figure="${figure}"]`);
  await frame.getByRole("button", { name: "Table", exact: true }).click();
  const rows = frame.getByRole("region").locator("tbody tr");
  await rows.first().waitFor();
  const columns = await frame.getByRole("region").locator("thead th").count();
  const cells = await rows.locator("td").allTextContents();
  const lines = Array.from({ length: cells.length / columns }, (_, i) => cells.slice(i * columns, (i + 1) * columns));
  return { names: lines.map(([first]) => first!), numbers: lines.map(([, ...rest]) => rest.map(Number)) };
}

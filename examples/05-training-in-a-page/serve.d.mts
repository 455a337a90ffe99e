/** A server on localhost that is running. */
export interface Server {
  readonly address: string;
  close(): Promise<void>;
}
export function serve(
  folders: Readonly<Record<string, string>>,
  options?: { readonly port?: number; readonly isolated?: boolean },
): Promise<Server>;
export const plainPage: Readonly<Record<string, string>>;

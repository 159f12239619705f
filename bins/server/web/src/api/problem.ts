// Why a question was not answered: a problem document (RFC 9457), or no answer at all.

/** Why there is no answer. */
export class Problem extends Error {
  /** The status of the answer; 0 where there was none. */
  readonly status: number;
  /** After how many seconds it may be asked again, where the server said so. */
  readonly retryAfter: number | undefined;

  constructor(status: number, detail: string, retryAfter?: number) {
    super(detail);
    this.name = 'Problem';
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** Whether the same question may be answered in a moment. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 503 || this.status === 429;
  }
}

/** The problem that a response tells. */
export async function problemOf(response: Response): Promise<Problem> {
  const said = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
  const retryAfter = Number.isNaN(said) ? undefined : said;
  let detail = response.statusText || `the server answered ${response.status}`;
  try {
    const document: unknown = await response.json();
    if (typeof document === 'object' && document !== null && 'detail' in document) {
      if (typeof document.detail === 'string') detail = document.detail;
    }
  } catch {
    // It is none of ours: perhaps a proxy said it.
  }
  return new Problem(response.status, detail, retryAfter);
}

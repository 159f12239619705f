// Claims about a page that cannot be begun: it says so, with a way to try again, and leaves no connection open.
import { afterAll, expect, it, vi } from 'vitest';

class FakeWebSocket {
  static readonly OPEN = 1;
  static all: FakeWebSocket[] = [];
  readyState = 1;
  constructor() {
    FakeWebSocket.all.push(this);
  }
  close(): void {
    this.readyState = 2;
  }
}

class FakeElement {
  href = '';
  textContent = '';
  role = '';
  children: (FakeElement | string)[] = [];
  click: ((event: { preventDefault: () => void }) => void) | undefined;
  constructor(readonly name: string) {}
  addEventListener(_: string, listener: FakeElement['click']): void {
    this.click = listener;
  }
  setAttribute(name: 'role', value: string): void {
    this[name] = value;
  }
  append(...children: (FakeElement | string)[]): void {
    this.children.push(...children);
  }
  replaceChildren(...children: FakeElement[]): void {
    this.children = children;
  }
  get text(): string {
    return this.textContent + this.children.map((of) => (typeof of === 'string' ? of : of.text)).join('');
  }
}

vi.mock('./views/all', () => ({ watchedAt: () => [], viewOf: () => Promise.reject(new Error('away')) }));
vi.mock('./main', () => {
  throw new Error('away');
});
afterAll(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

it('says that it could not be loaded, and closes what it opened', async () => {
  const app = new FakeElement('div');
  const reload = vi.fn();
  vi.stubGlobal('WebSocket', FakeWebSocket);
  vi.stubGlobal('location', { href: 'https://nodes.example/#/overview', hash: '#/overview', reload });
  vi.stubGlobal('document', { createElement: (name: string) => new FakeElement(name), getElementById: () => app });
  const noted = vi.spyOn(console, 'error').mockImplementation(() => {});
  await import('./early');
  await vi.waitFor(() => expect(app.children).toHaveLength(1));
  expect(app.text).toBe('The page could not be loaded: the server does not answer, or has another version now. Reload it.');
  expect(noted).toHaveBeenCalledOnce();
  expect(FakeWebSocket.all.map(({ readyState }) => readyState)).toEqual([2]);
  const { socketAhead } = await import('./protocol/first');
  expect(socketAhead()).toBeUndefined();
  const [said] = app.children as FakeElement[];
  expect(said?.role).toBe('alert');
  const link = said?.children.find((of): of is FakeElement => of instanceof FakeElement);
  expect([link?.name, link?.href]).toEqual(['a', 'https://nodes.example/#/overview']);
  const preventDefault = vi.fn();
  link?.click?.({ preventDefault });
  expect([preventDefault.mock.calls.length, reload.mock.calls.length]).toEqual([1, 1]);
});

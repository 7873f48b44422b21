/** Accounts payable: what vendors bill us, over HTTP and JSON. Each department does what it is asked, and looks at nobody else's work. */
import { getRequestListener } from "@hono/node-server";
import { Hono, type Context } from "hono";
import { z } from "zod";
import type { VendorInvoice } from "../world/records.ts";
import { isSameSecret, listenOnLoopback, type Listening } from "./loopback.ts";

export type Credit = {
  readonly id: string;
  readonly vendorId: string;
  readonly invoiceId: string;
  readonly amountMinor: number;
  readonly currency: string;
};
type Complaint = { readonly vendorId: string; readonly invoiceId: string; readonly text: string };
type Kept = VendorInvoice & { flag?: string; delayedDays?: number };

export type PayablesSystem = Listening & {
  /** A vendor's invoice comes in. Receiving it again changes nothing. */
  readonly receive: (invoice: VendorInvoice) => void;
  /** A vendor complains on the phone. */
  readonly complain: (complaint: Complaint) => void;
  /** What was really credited, oldest first. */
  readonly credits: () => readonly Credit[];
};

type Books = {
  readonly invoices: Map<string, Kept>;
  readonly complaints: Complaint[];
  readonly credits: Credit[];
  /** What each idempotency key was answered. */
  readonly answered: Map<string, object>;
};

/** `apiKey` is expected in `X-Api-Key`. */
export async function startPayables(options: {
  readonly apiKey: string;
  readonly port?: number;
}): Promise<PayablesSystem> {
  const books: Books = { invoices: new Map(), complaints: [], credits: [], answered: new Map() };
  const listening = await listenOnLoopback(getRequestListener(routes(books, options.apiKey).fetch), options.port);
  return {
    ...listening,
    receive: (invoice) => {
      if (!books.invoices.has(invoice.id)) books.invoices.set(invoice.id, { ...invoice });
    },
    complain: (complaint) => void books.complaints.push(complaint),
    credits: () => books.credits,
  };
}

const flagBody = z.strictObject({ reason: z.string().min(1).max(500) });
const delayBody = z.strictObject({ days: z.int().min(1).max(60) });
const creditBody = z.strictObject({
  invoiceId: z.string().min(1),
  amountMinor: z.int().min(1),
  currency: z.string().regex(/^[A-Z]{3}$/),
});

function routes(books: Books, apiKey: string): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    if (isSameSecret(context.req.header("x-api-key"), apiKey)) return await next();
    return context.json({ error: "unauthorized", message: "send X-Api-Key" }, 401);
  });
  app.get("/invoices", (context) => context.json({ invoices: [...books.invoices.values()].map(toRow) }));
  app.get("/complaints", (context) =>
    context.json({ complaints: books.complaints.map((one) => withAmount(books, one)) }),
  );
  app.post("/invoices/:id/flag", (context) =>
    once({ books, context }, flagBody, ({ reason }) => changeInvoice(books, context.req.param("id"), { flag: reason })),
  );
  app.post("/invoices/:id/delay", (context) =>
    once({ books, context }, delayBody, ({ days }) =>
      changeInvoice(books, context.req.param("id"), { delayedDays: days }),
    ),
  );
  app.post("/vendors/:id/credits", (context) =>
    once({ books, context }, creditBody, (body) => {
      if (!books.invoices.has(body.invoiceId)) return undefined;
      const credit = { id: `crd-${books.credits.length + 1}`, vendorId: context.req.param("id"), ...body };
      books.credits.push(credit);
      return credit;
    }),
  );
  return app;
}

/** The list shows what the invoice says, not what other departments did with it. */
function toRow({ id, vendorId, orderedMinor, billedMinor, currency, dueAt }: Kept): object {
  return { invoiceId: id, vendorId, orderedMinor, billedMinor, currency, dueAt };
}

function withAmount(books: Books, complaint: Complaint): object {
  const invoice = books.invoices.get(complaint.invoiceId);
  return { ...complaint, billedMinor: invoice?.billedMinor ?? 0, currency: invoice?.currency ?? "EUR" };
}

function changeInvoice(books: Books, id: string, change: Partial<Kept>): object | undefined {
  const invoice = books.invoices.get(id);
  if (invoice === undefined) return undefined;
  return Object.assign(invoice, change);
}

/** The same key again is answered as the first time. */
async function once<Body>(
  { books, context }: { readonly books: Books; readonly context: Context },
  schema: z.ZodType<Body>,
  work: (body: Body) => object | undefined,
): Promise<Response> {
  const body = schema.safeParse(await context.req.json().catch(() => undefined));
  if (!body.success) return context.json({ error: "bad_request", message: z.prettifyError(body.error) }, 400);
  const key = context.req.header("idempotency-key");
  const before = key === undefined ? undefined : books.answered.get(key);
  if (before !== undefined) return context.json(before, 200);
  const answer = work(body.data);
  if (answer === undefined) return context.json({ error: "not_found", message: "no such invoice" }, 404);
  if (key !== undefined) books.answered.set(key, answer);
  return context.json(answer, 201);
}

/** The billing ledger: a PostgreSQL schema of its own, with the rows, and the faults in them, of a real one. */
import type pg from "pg";
import type { Payment, World } from "../world/records.ts";

// No foreign keys and a free-text currency: that is how the company's ledger is, and why its rows need checking.
const SCHEMA = `
CREATE SCHEMA IF NOT EXISTS billing;
CREATE TABLE IF NOT EXISTS billing.invoices (
  id text PRIMARY KEY,
  account_id text NOT NULL,
  amount_minor bigint NOT NULL,
  currency text NOT NULL,
  issued_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  status text NOT NULL,
  po_number text
);
CREATE TABLE IF NOT EXISTS billing.payments_received (
  id text PRIMARY KEY,
  invoice_id text NOT NULL,
  amount_minor bigint NOT NULL,
  received_at timestamptz NOT NULL,
  reference text NOT NULL
);
CREATE INDEX IF NOT EXISTS payments_received_invoice ON billing.payments_received (invoice_id);
CREATE INDEX IF NOT EXISTS payments_received_at ON billing.payments_received (received_at);
CREATE TABLE IF NOT EXISTS billing.adjustments (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  invoice_id text NOT NULL,
  amount_minor bigint NOT NULL,
  reason text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  idempotency_key text NOT NULL UNIQUE
);
CREATE INDEX IF NOT EXISTS adjustments_invoice ON billing.adjustments (invoice_id);
`;

/** Statements that a connector can offer as tools; amounts come back as numbers, columns in camel case. */
export const BILLING_SQL = {
  /**
   * Second payments of the same amount on one invoice, newest first, that no adjustment has corrected yet.
   * `$1` how many days back (default 45), `$2` how many rows at most (default 50).
   */
  findDuplicatePayments: `
SELECT second.id AS "paymentId", first.id AS "firstPaymentId",
  invoice.id AS "invoiceId", invoice.account_id AS "accountId",
  second.amount_minor::double precision AS "amountMinor",
  invoice.amount_minor::double precision AS "invoiceAmountMinor",
  (SELECT sum(amount_minor) FROM billing.payments_received WHERE invoice_id = invoice.id)::double precision AS "paidMinor",
  invoice.currency, invoice.po_number AS "poNumber",
  first.reference AS "firstReference", second.reference,
  first.received_at AS "firstReceivedAt", second.received_at AS "receivedAt"
FROM billing.payments_received second
JOIN billing.payments_received first
  ON first.invoice_id = second.invoice_id AND first.amount_minor = second.amount_minor
  AND (first.received_at, first.id) < (second.received_at, second.id)
JOIN billing.invoices invoice ON invoice.id = second.invoice_id
WHERE second.received_at > now() - make_interval(days => coalesce($1::int, 45))
  AND NOT EXISTS (SELECT 1 FROM billing.adjustments WHERE invoice_id = invoice.id)
ORDER BY second.received_at DESC, second.id
LIMIT coalesce($2::int, 50)`,
  /** `$1` the invoice's id. */
  getInvoice: `
SELECT id AS "invoiceId", account_id AS "accountId", amount_minor::double precision AS "amountMinor", currency,
  issued_at AS "issuedAt", due_at AS "dueAt", status, po_number AS "poNumber"
FROM billing.invoices WHERE id = $1`,
  /** `$1` invoice id, `$2` amount, `$3` reason, `$4` idempotency key: the same key gives the same row back. */
  recordAdjustment: `
INSERT INTO billing.adjustments (invoice_id, amount_minor, reason, idempotency_key) VALUES ($1, $2, $3, $4)
ON CONFLICT (idempotency_key) DO UPDATE SET idempotency_key = excluded.idempotency_key
RETURNING id AS "adjustmentId", invoice_id AS "invoiceId", amount_minor::double precision AS "amountMinor", reason,
  created_at AS "createdAt"`,
  /** `$1` idempotency key. */
  findAdjustment: `
SELECT id AS "adjustmentId", invoice_id AS "invoiceId", amount_minor::double precision AS "amountMinor", reason,
  created_at AS "createdAt"
FROM billing.adjustments WHERE idempotency_key = $1`,
  /** `$1` adjustment id: takes an adjustment back. */
  removeAdjustment: `
DELETE FROM billing.adjustments WHERE id = $1::uuid RETURNING id AS "adjustmentId", invoice_id AS "invoiceId"`,
} as const;

export type BillingLedger = {
  /** Books lines of a bank statement: the payments, and the invoices they pay. Booking a line again changes nothing. */
  readonly bookPayments: (payments: readonly Payment[]) => Promise<void>;
  readonly hasPayment: (paymentId: string) => Promise<boolean>;
};

/** Creates the schema where it is missing, and fills it with the world's rows when it is empty. Does not own the pool. */
export async function openBilling(pool: pg.Pool, world: World): Promise<BillingLedger> {
  await pool.query(SCHEMA);
  const { rows } = await pool.query<{ filled: boolean }>("SELECT EXISTS (SELECT 1 FROM billing.invoices) AS filled");
  if (rows[0] === undefined || !rows[0].filled) await seed(pool, world);
  return {
    bookPayments: (payments) => bookPayments(pool, payments),
    hasPayment: async (paymentId) => {
      const found = await pool.query("SELECT 1 FROM billing.payments_received WHERE id = $1", [paymentId]);
      return found.rowCount === 1;
    },
  };
}

async function seed(pool: pg.Pool, { invoices, payments }: World): Promise<void> {
  await inTransaction(pool, async (client) => {
    await client.query(
      `INSERT INTO billing.invoices SELECT * FROM json_to_recordset($1) AS rows (id text, account_id text,
        amount_minor bigint, currency text, issued_at timestamptz, due_at timestamptz, status text, po_number text)`,
      [
        JSON.stringify(
          invoices.map((invoice) => ({
            id: invoice.id,
            account_id: invoice.accountId,
            amount_minor: invoice.amountMinor,
            currency: invoice.currency,
            issued_at: invoice.issuedAt,
            due_at: invoice.dueAt,
            status: invoice.status,
            po_number: invoice.poNumber,
          })),
        ),
      ],
    );
    await insertPayments(client, payments);
  });
}

async function bookPayments(pool: pg.Pool, payments: readonly Payment[]): Promise<void> {
  await inTransaction(pool, async (client) => {
    await insertPayments(client, payments);
    await client.query("UPDATE billing.invoices SET status = 'paid' WHERE id = ANY($1)", [
      payments.map((payment) => payment.invoiceId),
    ]);
  });
}

async function insertPayments(client: pg.PoolClient, payments: readonly Payment[]): Promise<void> {
  const rows = payments.map((payment) => ({
    id: payment.id,
    invoice_id: payment.invoiceId,
    amount_minor: payment.amountMinor,
    received_at: payment.receivedAt,
    reference: payment.reference,
  }));
  await client.query(
    `INSERT INTO billing.payments_received SELECT * FROM json_to_recordset($1) AS rows (id text, invoice_id text,
      amount_minor bigint, received_at timestamptz, reference text) ON CONFLICT (id) DO NOTHING`,
    [JSON.stringify(rows)],
  );
}

async function inTransaction(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    await work(client);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

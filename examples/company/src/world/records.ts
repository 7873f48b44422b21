/** The records that the company's systems keep, before any system holds them. */

export const ACCOUNT_STATUSES = ["active", "on_hold", "disputed", "closed"] as const;
export type AccountStatus = (typeof ACCOUNT_STATUSES)[number];

export type Account = {
  readonly id: string;
  readonly name: string;
  readonly status: AccountStatus;
  /** The employee who answers for the customer. */
  readonly owner: string;
  readonly region: string;
  readonly creditTier: "A" | "B" | "C";
  readonly notificationEmail: string;
  /** ISO 8601. */
  readonly updatedAt: string;
};

export type Invoice = {
  readonly id: string;
  readonly accountId: string;
  readonly amountMinor: number;
  /** As somebody typed it: mostly ISO 4217, in a few old rows not. */
  readonly currency: string;
  readonly issuedAt: string;
  readonly dueAt: string;
  readonly status: "open" | "overdue" | "paid" | "void";
  readonly poNumber: string | null;
};

export type Payment = {
  readonly id: string;
  /** The ledger has no foreign key here: a few payments name an invoice that does not exist. */
  readonly invoiceId: string;
  readonly amountMinor: number;
  readonly receivedAt: string;
  readonly reference: string;
};

export type Carrier = {
  readonly id: string;
  readonly name: string;
  /** 1 (poor) to 5 (good). */
  readonly rating: number;
  /** Standard rate per shipment under the frame contract. */
  readonly contractRateMinor: number;
  readonly currency: string;
};

export type Quote = { readonly carrierId: string; readonly lane: string; readonly rateMinor: number };

export const HOLDS = ["none", "safety", "customs"] as const;
export type Hold = (typeof HOLDS)[number];
export const SHIPMENT_STATUSES = ["planned", "in_transit", "delivered"] as const;

export type Shipment = {
  readonly id: string;
  readonly lane: string;
  readonly weightKg: number;
  readonly goods: string;
  readonly hold: Hold;
  /** Who entered it: the planning index knows the hold of `edi` shipments only. */
  readonly enteredBy: "edi" | "desk";
  readonly status: (typeof SHIPMENT_STATUSES)[number];
  readonly carrierId: string;
  readonly contractRateMinor: number;
  readonly currency: string;
  readonly updatedAt: string;
};

/** What a vendor bills us. */
export type VendorInvoice = {
  readonly id: string;
  readonly vendorId: string;
  readonly orderedMinor: number;
  readonly billedMinor: number;
  readonly currency: string;
  readonly dueAt: string;
};

/** Everything the company starts with; the same for the same seed and time. */
export type World = {
  readonly seed: number;
  /** Epoch milliseconds that all dates are counted back from. */
  readonly nowMs: number;
  readonly accounts: readonly Account[];
  readonly invoices: readonly Invoice[];
  readonly payments: readonly Payment[];
  readonly carriers: readonly Carrier[];
  readonly quotes: readonly Quote[];
  readonly shipments: readonly Shipment[];
};

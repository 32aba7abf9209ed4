// Pages for what should not happen.

import { Link } from "@tanstack/react-router";
import { Failure, Loading } from "@/ui/parts";

export function NotFound() {
  return (
    <main className="mx-auto max-w-xl space-y-3 p-10">
      <h1 className="text-lg font-semibold">There is no such page</h1>
      <p className="text-muted">
        The address may be old or mistyped. <Link to="/" className="text-accent underline">Go to the overview</Link>
      </p>
    </main>
  );
}

export function Broken({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <main className="mx-auto max-w-xl space-y-3 p-10">
      <h1 className="text-lg font-semibold">This page could not be shown</h1>
      <Failure error={error} retry={retry} />
    </main>
  );
}

export function PageLoading() {
  return <Loading what="the page" />;
}

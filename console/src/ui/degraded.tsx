// What does not work now, on every page, with its fix: an outage must not be found by its silence.

import { useQuery } from "@tanstack/react-query";
import { status } from "@/api/queries";
import type { Degraded } from "@/api/types";
import { Icon } from "./icon";
import { Command, Outside } from "./text";

/** The command in a help text, when it is nothing but a command. */
function isCommand(help: string): boolean {
  return /^(sudo|setcap|systemctl|vedette|make|docker|kubectl|nft|ip) /.test(help);
}

export function Help({ text }: { text: string }) {
  return isCommand(text) ? <Command text={text} /> : <Outside text={text} max={600} className="text-muted" />;
}

function Row({ item }: { item: Degraded }) {
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <span className="font-medium"><Outside text={item.message} max={400} /></span>
      {item.help && <Help text={item.help} />}
    </li>
  );
}

export function DegradedBanner() {
  const { data } = useQuery(status);
  if (!data || data.degraded.length === 0) return null;
  return (
    <aside aria-label="What does not work now" className="flex items-start gap-2.5 border-b border-line bg-raised px-4 py-2 lg:px-5">
      <Icon name="warning" className="mt-1 text-medium" />
      <ul className="min-w-0 space-y-1">
        {data.degraded.map((item) => (
          <Row key={item.code + item.part} item={item} />
        ))}
      </ul>
    </aside>
  );
}

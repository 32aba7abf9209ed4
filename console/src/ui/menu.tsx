// Menus. Radix brings the keyboard, focus and placement; not modal, so that it adds no style
// element for scroll locking.

import * as Menu from "@radix-ui/react-dropdown-menu";
import type { ReactNode } from "react";
import { Icon } from "./icon";

const ITEM =
  "flex cursor-pointer items-start gap-2 rounded px-2 py-1.5 text-sm outline-none select-none data-[highlighted]:bg-raised data-[disabled]:cursor-not-allowed data-[disabled]:opacity-55";

export function MenuRoot({ trigger, children, align = "end", label }: {
  trigger: ReactNode;
  children: ReactNode;
  align?: "start" | "end";
  label: string;
}) {
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger asChild>{trigger}</Menu.Trigger>
      <Menu.Portal>
        <Menu.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          aria-label={label}
          className="z-50 max-h-[70vh] min-w-48 max-w-md overflow-y-auto rounded-lg border border-line-strong bg-panel p-1 shadow-lg shadow-black/20"
        >
          {children}
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}

export function MenuItem({ onSelect, children, disabled = false }: { onSelect: () => void; children: ReactNode; disabled?: boolean }) {
  return (
    <Menu.Item className={ITEM} onSelect={onSelect} disabled={disabled}>
      {children}
    </Menu.Item>
  );
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <Menu.Label className="px-2 pt-1.5 pb-0.5 text-xs text-muted">{children}</Menu.Label>;
}

export function MenuSeparator() {
  return <Menu.Separator className="my-1 h-px bg-line" />;
}

export function MenuChoice<T extends string>({ label, value, options, onChange }: {
  label: string;
  value: T;
  options: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
}) {
  return (
    <Menu.RadioGroup value={value} onValueChange={(next) => onChange(next as T)} aria-label={label}>
      <MenuLabel>{label}</MenuLabel>
      {options.map((option) => (
        <Menu.RadioItem key={option.value} value={option.value} className={ITEM}>
          <span className="flex size-5 items-center justify-center">
            <Menu.ItemIndicator>
              <Icon name="check" size={14} />
            </Menu.ItemIndicator>
          </span>
          {option.label}
        </Menu.RadioItem>
      ))}
    </Menu.RadioGroup>
  );
}

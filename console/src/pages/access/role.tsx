// One of the roles.

import type { Role } from "@/api/types";

const ROLES: readonly Role[] = ["viewer", "analyst", "administrator", "ingest"];

export function RoleChoice({ label, value, onChange, disabled = false }: { label: string; value: Role; onChange: (role: Role) => void; disabled?: boolean }) {
  return (
    <select className="field" aria-label={label} value={value} disabled={disabled} onChange={(e) => onChange(e.target.value as Role)}>
      {ROLES.map((role) => <option key={role} value={role}>{role}</option>)}
    </select>
  );
}

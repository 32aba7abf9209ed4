// What is asked about incidents and notifications.

import { keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { get, request } from "./client";
import type { Channel, ChannelEdit, ChannelTrial, Delivery, Incident, IncidentPage, IncidentPatch, MadeChannel, NewChannel } from "./types";

/** The filters of the incident list, as they stand in the address bar. */
export interface IncidentFilter {
  status?: string | undefined;
  severity?: string | undefined;
  assignee?: string | undefined;
  q?: string | undefined;
  sort?: string | undefined;
}

export function incidentPath(filter: IncidentFilter, limit: number): string {
  const query = new URLSearchParams();
  const status = filter.status === "open" ? "new,in_progress" : filter.status === "all" ? undefined : filter.status;
  for (const [key, value] of Object.entries({ ...filter, status })) {
    if (value) query.set(key, value);
  }
  query.set("limit", String(limit));
  return `/incidents?${query}`;
}

export const incidents = (filter: IncidentFilter, limit: number) =>
  queryOptions({
    queryKey: ["incidents", filter, limit],
    queryFn: ({ signal }) => get<IncidentPage>(incidentPath(filter, limit), signal),
    placeholderData: keepPreviousData,
    refetchInterval: 10_000,
  });

export const incident = (id: number) =>
  queryOptions({
    queryKey: ["incident", id],
    queryFn: ({ signal }) => get<Incident>(`/incidents/${id}`, signal),
    refetchInterval: 10_000,
  });

export function usePatchIncident(id: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (patch: IncidentPatch) => request<Incident>("PATCH", `/incidents/${id}`, patch),
    onSuccess: (changed) => {
      client.setQueryData(incident(id).queryKey, changed);
      for (const key of ["incidents", "alerts", "alert", "overview"]) void client.invalidateQueries({ queryKey: [key] });
    },
  });
}

export interface ChannelList {
  channels: Channel[];
  waiting: number;
  dead: number;
}

export const channels = queryOptions({
  queryKey: ["channels"],
  queryFn: ({ signal }) => get<ChannelList>("/channels", signal),
  refetchInterval: 10_000,
});

export const deliveries = (state: Delivery["state"] | "all") =>
  queryOptions({
    queryKey: ["deliveries", state],
    queryFn: async ({ signal }) => (await get<{ deliveries: Delivery[] }>(`/deliveries?limit=100${state === "all" ? "" : `&state=${state}`}`, signal)).deliveries,
    placeholderData: keepPreviousData,
    refetchInterval: 5_000,
  });

export type ChannelChange =
  | { kind: "add"; channel: NewChannel }
  | { kind: "edit"; id: number; edit: ChannelEdit }
  | { kind: "remove"; id: number }
  | { kind: "retry"; id: number };

/** Changes of where alerts are told. Adding answers with the key, which is shown once. */
export function useChannelChange() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (change: ChannelChange): Promise<MadeChannel | undefined> => {
      switch (change.kind) {
        case "add":
          return request<MadeChannel>("POST", "/channels", change.channel);
        case "edit":
          await request<Channel>("PATCH", `/channels/${change.id}`, change.edit);
          return undefined;
        case "remove":
          return request<undefined>("DELETE", `/channels/${change.id}`);
        case "retry":
          return request<undefined>("POST", `/deliveries/${change.id}/retry`, {});
      }
    },
    onSettled: () => Promise.all(["channels", "deliveries", "status"].map((key) => client.invalidateQueries({ queryKey: [key] }))),
  });
}

/** Sends a made-up alert now. */
export function useChannelTest(id: number) {
  return useMutation({ mutationFn: () => request<ChannelTrial>("POST", `/channels/${id}/test`, {}) });
}

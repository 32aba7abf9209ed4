import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "./api/client";
import { createAppRouter } from "./router";
import "./lib/theme";
import "./styles.css";

const client = new QueryClient({
  queryCache: new QueryCache({
    // A session that ended anywhere ends everywhere: the shell then shows the sign-in page.
    onError: (error) => {
      if (error instanceof ApiError && error.status === 401) client.setQueryData(["session"], null);
    },
  }),
  defaultOptions: {
    queries: {
      // Only a server that does not answer is worth asking again at once.
      retry: (failures, error) => failures < 2 && error instanceof ApiError && (error.status === 0 || error.status === 503),
      retryDelay: 800,
      staleTime: 2_000,
      refetchOnWindowFocus: false,
    },
  },
});

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <RouterProvider router={createAppRouter(client)} />
      </QueryClientProvider>
    </StrictMode>,
  );
}

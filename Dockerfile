# One image for api, worker and migrate: Node runs the TypeScript as it is, so there is nothing to build.

FROM node:24-slim AS dependencies
WORKDIR /app
# Only what decides the dependencies, so that a change of code keeps this layer.
COPY package.json package-lock.json .npmrc ./
COPY apps/api/package.json apps/api/
COPY apps/operator/package.json apps/operator/
COPY apps/worker/package.json apps/worker/
COPY packages/bot/package.json packages/bot/
COPY packages/config/package.json packages/config/
COPY packages/database/package.json packages/database/
COPY packages/logger/package.json packages/logger/
COPY packages/queue/package.json packages/queue/
COPY packages/telegram/package.json packages/telegram/
# Without the root's own dependencies: pm2 and the pinned Node are for machines, not for containers.
# Without peers: better-auth's optional one is our test runner, with a bundler and all.
RUN npm ci --omit=dev --omit=peer --workspace=apps/api --workspace=apps/operator --workspace=apps/worker

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app ./
COPY . .
USER node
CMD ["node", "apps/api/src/main.ts"]

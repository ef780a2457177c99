FROM node:20 AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build

# The mistake: everything is taken along, the compiler in node_modules and the sources too.
FROM node:20-slim
WORKDIR /app
COPY --from=build /app ./
EXPOSE 8080
CMD ["npm", "start"]

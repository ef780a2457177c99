FROM maven:3.9-eclipse-temurin-21 AS build
WORKDIR /src
COPY pom.xml .
RUN mvn -B dependency:go-offline
COPY src src
RUN mvn -B package -DskipTests

FROM eclipse-temurin:21-jre
WORKDIR /app
COPY --from=build /src/target/java-api.jar java-api.jar
USER 65532:65532
EXPOSE 8080
CMD ["java", "-jar", "java-api.jar"]

FROM maven:3.9-eclipse-temurin-21 AS build
WORKDIR /src
COPY pom.xml .
RUN mvn -B dependency:go-offline
COPY src src
RUN mvn -B package -DskipTests
RUN java -Djarmode=tools -jar target/java-api.jar extract --layers --launcher --destination /layers

FROM eclipse-temurin:21-jre
WORKDIR /app
COPY --from=build /layers/dependencies/ ./
COPY --from=build /layers/spring-boot-loader/ ./
COPY --from=build /layers/snapshot-dependencies/ ./
COPY --from=build /layers/application/ ./
USER 65532:65532
EXPOSE 8080
CMD ["java", "org.springframework.boot.loader.launch.JarLauncher"]

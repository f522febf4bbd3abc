# clipseg as a service, with the model in the box:
#
#     docker build -t clipseg .
#     docker run --rm --read-only --tmpfs /tmp -p 127.0.0.1:8080:8080 clipseg
#
# compose.yaml adds models of your own. .ci/container tries what is here, with or without docker.

FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY . .
RUN dotnet publish src/ClipSeg.Cli -c Release --use-current-runtime -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0
COPY --from=build /app /app
# Nothing is written but to /tmp: models are read where they are mounted, and nothing is downloaded.
ENV HOME=/tmp HF_HOME=/models HF_HUB_OFFLINE=1 DOTNET_EnableDiagnostics=0
USER 1654:1654
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["dotnet", "/app/ClipSeg.Cli.dll", "serve", "--check"]
ENTRYPOINT ["dotnet", "/app/ClipSeg.Cli.dll", "serve", "--host", "0.0.0.0"]

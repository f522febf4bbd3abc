using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace ClipSeg.Tests.Server;

/// <summary>Metrics and traces, as a collector of OpenTelemetry gets them.</summary>
public sealed class TelemetryTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_collector_gets_metrics_and_spans_of_what_the_network_did(bool overHttp)
    {
        ConcurrentQueue<(string Path, byte[] Message)> received = [];
        await using WebApplication collector = await Collect(overHttp, received);
        using ServerRun server = new(new() { Otlp = new(collector.Urls.Single()), OtlpOverHttp = overHttp });
        using HttpClient client = server.Client();
        await ServerRun.Post(client, "/v1/segment", ServerRun.Form("prompt=sky"));

        // The request's own span ends a little after its answer.
        IServiceProvider services = server.Host.Services;
        for (int i = 0; i < 200 && !Names("race", [1, 2, 2, 5]).Contains("POST /v1/segment"); i++)
        {
            Assert.True(services.GetRequiredService<TracerProvider>().ForceFlush(10_000));
            await Task.Delay(50);
        }
        // Its answer is no, as that of the reader for Prometheus is, which waits to be asked.
        services.GetRequiredService<MeterProvider>().ForceFlush(10_000);

        // ExportTraceServiceRequest: resource_spans 1, scope_spans 2, spans 2, name 5; metrics: 1, 2, 2, name 1.
        string[] spans = Names("race", [1, 2, 2, 5]), metrics = Names("etrics", [1, 2, 2, 1]);
        Assert.Contains("encode", spans);
        Assert.Contains("decode", spans);
        Assert.Contains("POST /v1/segment", spans);
        Assert.Contains("clipseg.pictures", metrics);
        Assert.Contains("clipseg.encode.duration", metrics);
        Assert.Contains("http.server.request.duration", metrics);
        // Its resource 1 has attributes 1, whose values 2 are strings 1.
        Assert.Contains("clipseg", Names("race", [1, 1, 1, 2, 1]));

        string[] Names(string path, int[] fields) => [.. received.Where(r => r.Path.Contains(path))
            .SelectMany(r => Find(r.Message, fields)).Select(name => Encoding.UTF8.GetString(name.Span))];
    }

    /// <summary>A collector at a port of its own: gRPC without encryption, or plain HTTP.</summary>
    private static async Task<WebApplication> Collect(
        bool overHttp, ConcurrentQueue<(string Path, byte[] Message)> received)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
            listen.Protocols = overHttp ? HttpProtocols.Http1 : HttpProtocols.Http2));
        WebApplication collector = builder.Build();
        collector.MapPost("/{**path}", async context =>
        {
            using MemoryStream body = new();
            await context.Request.Body.CopyToAsync(body);
            byte[] message = body.ToArray();
            if (overHttp)
            {
                Assert.Equal("application/x-protobuf", context.Request.ContentType);
            }
            else
            {
                // A byte that says that it is not compressed, and the length.
                Assert.Equal(0, message[0]);
                Assert.Equal(message.Length - 5, BinaryPrimitives.ReadInt32BigEndian(message.AsSpan(1)));
                message = message[5..];
                context.Response.ContentType = "application/grpc";
                context.Response.AppendTrailer("grpc-status", "0");
                await context.Response.Body.WriteAsync(new byte[5]);
            }
            received.Enqueue((context.Request.Path, message));
        });
        await collector.StartAsync();
        return collector;
    }

    /// <summary>The fields that are reached by these numbers, of messages in messages.</summary>
    private static IEnumerable<ReadOnlyMemory<byte>> Find(ReadOnlyMemory<byte> message, int[] fields)
    {
        if (fields.Length == 0) return [message];
        List<ReadOnlyMemory<byte>> found = [];
        for (int at = 0; at < message.Length;)
        {
            ulong tag = Varint(message.Span, ref at);
            int length = (tag & 7) switch
            {
                0 => 0,
                1 => 8,
                5 => 4,
                2 => (int)Varint(message.Span, ref at),
                _ => throw new InvalidDataException($"Wire type {tag & 7}."),
            };
            if ((tag & 7) == 0) Varint(message.Span, ref at);
            else if ((tag & 7) == 2 && (int)(tag >> 3) == fields[0])
                found.AddRange(Find(message.Slice(at, length), fields[1..]));
            at += length;
        }
        return found;
    }

    private static ulong Varint(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = bytes[at++];
            value |= (ulong)(next & 127) << shift;
            if (next < 128) return value;
        }
    }
}

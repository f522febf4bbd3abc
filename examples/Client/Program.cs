using ClipSeg.Examples.Client;

if (args.Length < 3)
{
    Console.Error.WriteLine("Usage: client http://127.0.0.1:8080 photo.jpg \"a cup\" \"the table\" ...");
    return 2;
}
using HttpClient http = new() { BaseAddress = new(args[0]) };
http.DefaultRequestHeaders.Add("X-Api-Key", Environment.GetEnvironmentVariable("CLIPSEG_API_KEY") ?? "none");
ClipSegClient client = new(http);
try
{
    Picture picture = await client.ReadAsync(await File.ReadAllBytesAsync(args[1]));
    Answer answer = await client.SegmentAsync(picture.Id, args[2..]);
    foreach (Result result in answer.Results)
    {
        string found = result.Found ? $"{result.Score:P0}, {result.Area} pixels" : "not found";
        Console.WriteLine($"{result.Prompt}: {found}");
    }
    return 0;
}
catch (Exception e) when (e is ClipSegException or HttpRequestException or IOException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

#!/usr/bin/env -S dotnet run
#:property PublishAot=false
#:property TreatWarningsAsErrors=true

// What a job of many pictures on many workers comes to, by playing it: every shard, every death of a worker, every
// restart of the broker. Figures and what follows from them are in docs/scale.md.
//
//   dotnet run scripts/simulate-jobs.cs -- [--pictures 1e9] [--workers 1000] [--shard 64] [--seconds 0.25] ...
using System.Globalization;

double pictures = Value("--pictures", 1e9);         // in the job
int workers = (int)Value("--workers", 1000);
int shard = (int)Value("--shard", 64);              // pictures a message
double seconds = Value("--seconds", 0.25);          // a picture takes a worker
double spread = Value("--spread", 0.2);             // of that, from shard to shard: standard deviation over mean
double receipt = Value("--receipt-seconds", 0.03);  // the put of a receipt, and the acknowledgement
double life = 3600 * Value("--life-hours", 8);      // until a worker dies, on average: spot machines
double replaced = Value("--replaced-seconds", 120); // until another one stands in its place
double vanishing = Value("--vanishing", 0.3);       // of deaths that the broker notices by missing heartbeats only
double heartbeat = Value("--heartbeat-seconds", 120);
double brokerLife = 86400 * Value("--broker-days", 14), brokerDown = Value("--broker-down-seconds", 30);
double storeLife = 86400 * Value("--store-days", 7), storeDown = Value("--store-down-seconds", 60);
double killers = Value("--killers", 1e-7);          // pictures that kill whoever reads them
int delivered = (int)Value("--deliveries", 3);      // of a message that kills, before it is put aside
int queue = (int)Value("--queue", 100_000);         // messages that it holds
int prompts = (int)Value("--prompts", 2);
Random random = new((int)Value("--seed", 1));

long shards = (long)Math.Ceiling(pictures / shard), published = 0, done = 0, aside = 0, again = 0, onlyAcknowledged = 0;
long twice = 0, deaths = 0, brokerDeaths = 0, storeOutages = 0;
double now = 0, busy = 0, nextBroker = Exponential(brokerLife), nextStore = Exponential(storeLife), storeBack = 0;

// Messages that came back, with how often they killed; negative for those whose receipt is there already.
Queue<int> returned = new();
PriorityQueue<Event, double> events = new();
for (int i = 0; i < workers; i++) events.Enqueue(new(Kind.Free, 0), random.NextDouble() * replaced);

while (done + aside < shards && events.TryDequeue(out Event? e, out now))
{
    if (now >= nextBroker)      // what ends while it is down has its receipt, and its message comes again
    {
        brokerDeaths++;
        int lost = (int)Math.Min(workers, brokerDown * workers / (shard * seconds));
        for (int i = 0; i < lost; i++) returned.Enqueue(-1);
        nextBroker = now + brokerDown + Exponential(brokerLife);
    }
    if (now >= nextStore)
    {
        storeOutages++;
        (storeBack, nextStore) = (now + storeDown, now + storeDown + Exponential(storeLife));
    }
    switch (e.Kind)
    {
        case Kind.Returned:
            returned.Enqueue(e.Kills);
            again++;
            break;
        case Kind.Done:
            done++;
            Take();
            break;
        case Kind.PutAside:
            aside++;
            break;
        default:
            Take();
            break;
    }
}

double days = now / 86400, ideal = pictures * seconds / workers / 86400;
long keptObjects = (long)(pictures * prompts) + done + 3;
Console.WriteLine(FormattableString.Invariant($"""
    | | |
    |---|---|
    | pictures; workers; messages of {shard} | {pictures:#,0}; {workers:#,0}; {shards:#,0} |
    | time | {days:0.00} days, {days / ideal:0.000} times the network's share |
    | workers that work, of all their time | {100 * busy / (now * workers):0.0} % |
    | messages a second; deepest queue | {shards / now:0.0}; {Math.Min(queue, shards):#,0} |
    | deaths of workers; restarts of the broker; outages of the store | {deaths:#,0}; {brokerDeaths}; {storeOutages} |
    | messages that came again; of them only acknowledged | {again:#,0}; {onlyAcknowledged:#,0} |
    | pictures computed twice | {twice:#,0}, {100.0 * twice / pictures:0.000} % |
    | receipts that count twice | 0: each has one name |
    | messages put aside (a picture that kills) | {aside:#,0} |
    | objects: results, receipts | {(long)(pictures * prompts):#,0}; {done:#,0} |
    | puts of receipts, of all puts | {100.0 * done / keptObjects:0.0} % |
    | receipts at {200 * prompts} bytes a picture | {pictures * prompts * 200 / 1e9:#,0} GB |
    | requests to read a job's progress (1,000 names each) | {done / 1000:#,0} |
    | manifest at 90 bytes a picture | {pictures * 90 / 1e9:#,0.0} GB |
    """));
return 0;

// A worker takes the next message, and what comes of it is known at once.
void Take()
{
    int kills = 0;
    if (returned.TryDequeue(out int kind))
    {
        if (kind < 0)
        {
            onlyAcknowledged++;
            events.Enqueue(new(Kind.Free, 0), now + receipt);
            return;
        }
        kills = kind;
    }
    else if (published < shards)
    {
        published++;
        if (random.NextDouble() < killers * shard) kills = 1;
    }
    else
    {
        events.Enqueue(new(Kind.Free, 0), now + 5);     // nothing to do: others still work
        return;
    }

    double start = Math.Max(now, storeBack), work = shard * seconds * Math.Max(0.3, 1 + spread * Normal());
    double death = kills > 0 ? work * random.NextDouble() : Exponential(life);
    if (death >= work)
    {
        busy += work;
        events.Enqueue(new(Kind.Done, 0), start + work + receipt);
        return;
    }
    deaths++;
    busy += death;
    twice += (long)(death / seconds);
    double noticed = start + death + (random.NextDouble() < vanishing ? heartbeat : 0);
    bool isLast = kills >= delivered;
    events.Enqueue(new(isLast ? Kind.PutAside : Kind.Returned, kills > 0 ? kills + 1 : 0), noticed);
    events.Enqueue(new(Kind.Free, 0), start + death + replaced);
}

double Exponential(double mean) => -mean * Math.Log(1 - random.NextDouble());

double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

double Value(string option, double standard)
{
    int at = Array.IndexOf(args, option);
    return at < 0 ? standard : double.Parse(args[at + 1], CultureInfo.InvariantCulture);
}

internal enum Kind
{
    Free,
    Done,
    Returned,
    PutAside,
}

internal sealed record Event(Kind Kind, int Kills);

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * The workloads of leno's benchmarks on virtual threads: the same work, measured in the same way, after a warm-up by all
 * of the operations, because the compiler needs it.
 *
 * <p>{@code java LenoBench NAME KIND NUMBER...}: NAME is only repeated; KIND and its numbers are those of
 * {@code benches/src/workloads/words.rs}. It prints one line of JSON.
 */
final class LenoBench {
    /** {@code Thread.startVirtualThread}, by name, so that an older compiler will do. */
    private static final MethodHandle START;

    static {
        try {
            MethodType type = MethodType.methodType(Thread.class, Runnable.class);
            START = MethodHandles.lookup().findStatic(Thread.class, "startVirtualThread", type);
        } catch (ReflectiveOperationException error) {
            throw new ExceptionInInitializerError(error);
        }
    }

    private static final long END = -1;

    private interface Body {
        void run() throws Throwable;
    }

    private interface Work {
        void run(int ops) throws Throwable;
    }

    public static void main(String[] args) throws Throwable {
        int[] n = Arrays.stream(args).skip(2).mapToInt(Integer::parseInt).toArray();
        Map<String, Double> extra = new TreeMap<>();
        String measured =
                switch (args[1]) {
                    case "spawn" -> measure(n[0], tasks -> spawn(tasks, n[1]));
                    case "chain" -> measure(n[0], LenoBench::chain);
                    case "yield" -> measure(n[1], yields -> turns(n[0], yields / n[0]));
                    case "scale" -> measure(n[0] * n[1], tasks -> scale(tasks / n[1], n[1]));
                    case "idle" -> measureOnce(n[0], idle(n[0], extra));
                    case "ping-pong" -> measure(n[1], rounds -> pingPong(n[0], rounds));
                    case "ring" -> measure(n[1], hops -> ring(n[0], hops));
                    case "mailbox" -> measure(n[2], messages -> mailbox(n[0], n[1], messages, n[3]));
                    case "pairs" -> measure(n[1], messages -> pairs(n[0], messages, n[2]));
                    case "fan-out" -> measure(n[1], messages -> fanOut(n[0], messages, n[2]));
                    case "timers" -> measure(n[0], timers -> timers(timers, n[1]));
                    case "lateness" -> measureOnce(n[1], () -> lateness(n[0], n[1], extra));
                    case "fairness" -> n[1] == 1 ? null : fairness(n[0], n[2], extra);
                    default -> null;
                };
        if (measured == null) {
            System.out.println("{\"gap\":\"it has nothing of the kind\"}");
        } else {
            StringBuilder extras = new StringBuilder();
            extra.forEach(
                    (key, value) ->
                            extras.append(extras.length() == 0 ? "" : ",")
                                    .append("\"" + key + "\":" + value));
            System.out.printf(
                    "{\"runtime\":\"java\",\"workload\":\"%s\",%s,\"peak_rss_bytes\":%d,\"extra\":{%s}}%n",
                    args[0], measured, status("VmHWM:"), extras);
        }
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static String measure(int ops, Work work) throws Throwable {
        work.run(ops);
        return measureOnce(ops, () -> work.run(ops));
    }

    private static String measureOnce(int ops, Body body) throws Throwable {
        long cpu = cpuNanos();
        long switches = switches();
        long start = System.nanoTime();
        join(start(body));
        long wall = System.nanoTime() - start;
        return String.format(
                "\"ops\":%d,\"wall_ns\":%d,\"cpu_ns\":%d,\"voluntary_switches\":%d",
                ops, wall, cpuNanos() - cpu, switches() - switches);
    }

    private static Thread start(Body body) throws Throwable {
        Runnable runnable =
                () -> {
                    try {
                        body.run();
                    } catch (Throwable error) {
                        error.printStackTrace();
                        Runtime.getRuntime().halt(1);
                    }
                };
        return (Thread) START.invokeExact(runnable);
    }

    private static void join(Thread... threads) throws InterruptedException {
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException("wrong: " + what);
        }
    }

    private static long sumBelow(long n) {
        return n * (n - 1) / 2;
    }

    private static void spawn(int tasks, int batch) throws Throwable {
        long sum = 0;
        for (int first = 0; first < tasks; first += batch) {
            int[] given = new int[Math.min(batch, tasks - first)];
            Thread[] threads = new Thread[given.length];
            for (int n = 0; n < threads.length; n++) {
                int mine = n;
                int number = first + n;
                threads[n] = start(() -> given[mine] = number);
            }
            join(threads);
            for (int number : given) {
                sum += number;
            }
        }
        check(sum == sumBelow(tasks), "the sum");
    }

    private static void chain(int tasks) throws Throwable {
        CountDownLatch end = new CountDownLatch(1);
        start(() -> link(1, tasks, end));
        end.await();
    }

    private static void link(int number, int tasks, CountDownLatch end) throws Throwable {
        if (number == tasks) {
            end.countDown();
        } else {
            start(() -> link(number + 1, tasks, end));
        }
    }

    private static void turns(int tasks, int each) throws Throwable {
        Thread[] threads = new Thread[tasks];
        for (int n = 0; n < tasks; n++) {
            threads[n] =
                    start(
                            () -> {
                                for (int turn = 0; turn < each; turn++) {
                                    Thread.yield();
                                }
                            });
        }
        join(threads);
    }

    private static void scale(int atOnce, int times) throws Throwable {
        for (int time = 0; time < times; time++) {
            turns(atOnce, 4);
        }
    }

    private static Body idle(int tasks, Map<String, Double> extra) {
        return () -> {
            long before = status("VmRSS:");
            AtomicLong waiting = new AtomicLong();
            Thread[] threads = new Thread[tasks];
            for (int n = 0; n < tasks; n++) {
                threads[n] =
                        start(
                                () -> {
                                    waiting.incrementAndGet();
                                    while (true) {
                                        LockSupport.park();
                                    }
                                });
            }
            while (waiting.get() < tasks) {
                Thread.yield();
            }
            extra.put("bytes", (double) (status("VmRSS:") - before) / tasks);
        };
    }

    private static ArrayBlockingQueue<Long> queue(int capacity) {
        return new ArrayBlockingQueue<>(capacity);
    }

    private static void pingPong(int pairs, int rounds) throws Throwable {
        int each = rounds / pairs;
        AtomicLong played = new AtomicLong();
        Thread[] threads = new Thread[2 * pairs];
        for (int pair = 0; pair < pairs; pair++) {
            ArrayBlockingQueue<Long> ping = queue(1);
            ArrayBlockingQueue<Long> pong = queue(1);
            threads[2 * pair] =
                    start(
                            () -> {
                                for (long n = ping.take(); n != END; n = ping.take()) {
                                    pong.put(n + 1);
                                }
                            });
            threads[2 * pair + 1] =
                    start(
                            () -> {
                                long n = 0;
                                for (int round = 0; round < each; round++) {
                                    ping.put(n);
                                    n = pong.take();
                                }
                                ping.put(END);
                                played.addAndGet(n);
                            });
        }
        join(threads);
        check(played.get() == (long) each * pairs, "the rounds");
    }

    private static void ring(int tasks, int hops) throws Throwable {
        ArrayBlockingQueue<Long> first = queue(1);
        first.put(0L);
        ArrayBlockingQueue<Long> previous = first;
        Thread[] threads = new Thread[tasks];
        for (int member = 0; member < tasks; member++) {
            ArrayBlockingQueue<Long> mine = previous;
            ArrayBlockingQueue<Long> next = member + 1 < tasks ? queue(1) : first;
            threads[member] =
                    start(
                            () -> {
                                long token = mine.take();
                                for (; token != END && token < hops; token = mine.take()) {
                                    next.put(token + 1);
                                }
                                // Whoever has it last tells the next one, and so on; the last word finds room.
                                next.put(END);
                            });
            previous = next;
        }
        join(threads);
    }

    private static void mailbox(int senders, int receivers, int messages, int capacity)
            throws Throwable {
        int each = messages / senders;
        ArrayBlockingQueue<Long> box = queue(capacity);
        AtomicLong sum = new AtomicLong();
        Thread[] receiving = new Thread[receivers];
        for (int n = 0; n < receivers; n++) {
            receiving[n] = start(() -> receive(box, sum));
        }
        Thread[] sending = new Thread[senders];
        for (int n = 0; n < senders; n++) {
            sending[n] = start(() -> send(box, each));
        }
        join(sending);
        for (int n = 0; n < receivers; n++) {
            box.put(END);
        }
        join(receiving);
        check(sum.get() == senders * sumBelow(each), "the sum");
    }

    private static void pairs(int pairs, int messages, int capacity) throws Throwable {
        int each = messages / pairs;
        AtomicLong sum = new AtomicLong();
        Thread[] threads = new Thread[2 * pairs];
        for (int pair = 0; pair < pairs; pair++) {
            ArrayBlockingQueue<Long> box = queue(capacity);
            threads[2 * pair] = start(() -> receive(box, sum));
            threads[2 * pair + 1] =
                    start(
                            () -> {
                                send(box, each);
                                box.put(END);
                            });
        }
        join(threads);
        check(sum.get() == pairs * sumBelow(each), "the sum");
    }

    private static void fanOut(int receivers, int messages, int capacity) throws Throwable {
        int each = messages / receivers;
        AtomicLong sum = new AtomicLong();
        Thread[] threads = new Thread[receivers];
        @SuppressWarnings({"unchecked", "rawtypes"})
        ArrayBlockingQueue<Long>[] boxes = new ArrayBlockingQueue[receivers];
        for (int n = 0; n < receivers; n++) {
            ArrayBlockingQueue<Long> box = queue(capacity);
            boxes[n] = box;
            threads[n] = start(() -> receive(box, sum));
        }
        for (long message = 0; message < each; message++) {
            for (ArrayBlockingQueue<Long> box : boxes) {
                box.put(message);
            }
        }
        for (ArrayBlockingQueue<Long> box : boxes) {
            box.put(END);
        }
        join(threads);
        check(sum.get() == receivers * sumBelow(each), "the sum");
    }

    private static void send(ArrayBlockingQueue<Long> box, int messages) throws InterruptedException {
        for (long message = 0; message < messages; message++) {
            box.put(message);
        }
    }

    private static void receive(ArrayBlockingQueue<Long> box, AtomicLong total)
            throws InterruptedException {
        long sum = 0;
        for (long message = box.take(); message != END; message = box.take()) {
            sum += message;
        }
        total.addAndGet(sum);
    }

    private static void timers(int timers, long within) throws Throwable {
        Thread[] threads = new Thread[timers];
        for (int n = 0; n < timers; n++) {
            long nanos = randomBelow(within, n);
            threads[n] = start(() -> TimeUnit.NANOSECONDS.sleep(nanos));
        }
        join(threads);
    }

    /** The times that all runtimes sleep: SplitMix64 of the timer's number. */
    private static long randomBelow(long within, long number) {
        long bits = (number + 1) * 0x9e3779b97f4a7c15L;
        bits = (bits ^ (bits >>> 30)) * 0xbf58476d1ce4e5b9L;
        bits = (bits ^ (bits >>> 27)) * 0x94d049bb133111ebL;
        bits ^= bits >>> 31;
        return Long.remainderUnsigned(bits, within);
    }

    private static void lateness(long sleep, int times, Map<String, Double> extra)
            throws InterruptedException {
        long[] late = new long[times];
        for (int n = 0; n < times; n++) {
            long start = System.nanoTime();
            TimeUnit.NANOSECONDS.sleep(sleep);
            late[n] = System.nanoTime() - start - sleep;
        }
        percentiles(late, extra);
    }

    private static String fairness(int hogs, int ticks, Map<String, Double> extra) throws Throwable {
        AtomicLong stop = new AtomicLong();
        for (int n = 0; n < hogs; n++) {
            start(
                    () -> {
                        while (stop.get() == 0) {
                            long start = System.nanoTime();
                            while (System.nanoTime() - start < 10_000_000) {
                                Thread.onSpinWait();
                            }
                            Thread.yield();
                        }
                    });
        }
        long[] late = new long[ticks];
        Body ticker =
                () -> {
                    long start = System.nanoTime();
                    for (int tick = 1; tick <= ticks; tick++) {
                        long due = start + tick * 1_000_000L;
                        TimeUnit.NANOSECONDS.sleep(due - System.nanoTime());
                        late[tick - 1] = System.nanoTime() - due;
                    }
                };
        String measured = measureOnce(ticks, ticker);
        stop.set(1);
        percentiles(late, extra);
        return measured;
    }

    private static void percentiles(long[] late, Map<String, Double> extra) {
        Arrays.sort(late);
        int last = late.length - 1;
        extra.put("p50_ns", (double) late[(int) Math.round(last * 0.5)]);
        extra.put("p99_ns", (double) late[(int) Math.round(last * 0.99)]);
        extra.put("max_ns", (double) late[last]);
    }

    /** What all threads of the process used: fields 14 and 15 of its statistics, in hundredths of a second. */
    private static long cpuNanos() throws java.io.IOException {
        String line = Files.readString(Path.of("/proc/self/stat"));
        String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * 10_000_000L;
    }

    private static long switches() throws java.io.IOException {
        long sum = 0;
        try (var threads = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            for (Path thread : threads) {
                sum += number(thread.resolve("status"), "voluntary_ctxt_switches:");
            }
        }
        return sum;
    }

    private static long status(String field) throws java.io.IOException {
        return number(Path.of("/proc/self/status"), field) * 1024;
    }

    private static long number(Path file, String field) throws java.io.IOException {
        for (String line : Files.readAllLines(file)) {
            if (line.startsWith(field)) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        return 0;
    }
}

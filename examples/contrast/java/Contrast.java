import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * The experiments on virtual threads: the same steps as in {@code src/experiments}.
 *
 * <p>{@code java Contrast KIND NUMBER...}. What is about speed runs once before it is measured, because the compiler needs
 * it. It prints the figures as one line of JSON.
 */
final class Contrast {
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

    private interface Body {
        void run() throws Throwable;
    }

    private interface Work {
        long run() throws Throwable;
    }

    public static void main(String[] args) throws Throwable {
        int[] n = Arrays.stream(args).skip(1).mapToInt(Integer::parseInt).toArray();
        String figures =
                switch (args[0]) {
                    case "create" -> warm(() -> create(n[0]));
                    case "yield" -> warm(() -> turns(n[0]));
                    case "park" -> park(n[0]);
                    case "sleepers" -> measure(() -> sleepers(n[0], n[1]));
                    case "skynet" -> warm(() -> skynet(0, n[0]));
                    case "ring" -> warm(() -> ring(n[0], n[1]));
                    case "chain" -> warm(() -> chain(n[0]));
                    case "ping_pong" -> warm(() -> pingPong(n[0]));
                    case "big_ping_pong" -> warm(() -> bigPingPong(n[0]));
                    default -> throw new IllegalArgumentException(args[0]);
                };
        System.out.println("{" + figures + "}");
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static String warm(Work work) throws Throwable {
        onVirtualThread(work);
        return measure(work);
    }

    private static String measure(Work work) throws Throwable {
        long start = System.nanoTime();
        long result = onVirtualThread(work);
        long wall = System.nanoTime() - start;
        return String.format("\"wall_ns\":%d,\"result\":%d", wall, result);
    }

    private static long onVirtualThread(Work work) throws Throwable {
        AtomicLong result = new AtomicLong();
        start(() -> result.set(work.run())).join();
        return result.get();
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

    private static long create(int count) throws Throwable {
        AtomicLong sum = new AtomicLong();
        for (int i = 0; i < count; i++) {
            start(sum::incrementAndGet).join();
        }
        return sum.get();
    }

    private static long turns(int count) throws Throwable {
        Body body =
                () -> {
                    for (int i = 0; i < count / 2; i++) {
                        Thread.yield();
                    }
                };
        Thread one = start(body);
        Thread other = start(body);
        one.join();
        other.join();
        return count;
    }

    private static String park(int count) throws Throwable {
        CountDownLatch started = new CountDownLatch(count);
        List<Thread> threads = new ArrayList<>(count);
        long before = memory();
        String measured =
                measure(
                        () -> {
                            for (int i = 0; i < count; i++) {
                                threads.add(
                                        start(
                                                () -> {
                                                    started.countDown();
                                                    LockSupport.park();
                                                }));
                            }
                            started.await();
                            return count - started.getCount();
                        });
        System.gc();
        return measured + ",\"bytes_each\":" + (memory() - before) / (double) count;
    }

    private static long sleepers(int count, int milliseconds) throws Throwable {
        AtomicLong woken = new AtomicLong();
        Thread[] threads = new Thread[count];
        for (int i = 0; i < count; i++) {
            threads[i] =
                    start(
                            () -> {
                                Thread.sleep(milliseconds);
                                woken.incrementAndGet();
                            });
        }
        for (Thread thread : threads) {
            thread.join();
        }
        return woken.get();
    }

    private static long skynet(long number, long size) throws Throwable {
        if (size == 1) {
            return number;
        }
        ArrayBlockingQueue<Long> sums = new ArrayBlockingQueue<>(10);
        for (int child = 0; child < 10; child++) {
            long first = number + child * (size / 10);
            start(() -> sums.put(skynet(first, size / 10)));
        }
        long sum = 0;
        for (int child = 0; child < 10; child++) {
            sum += sums.take();
        }
        return sum;
    }

    private static long ring(int members, int hops) throws Throwable {
        ArrayBlockingQueue<Integer> ended = new ArrayBlockingQueue<>(1);
        ArrayBlockingQueue<Integer> first = new ArrayBlockingQueue<>(1);
        ArrayBlockingQueue<Integer> receive = first;
        for (int member = 0; member < members; member++) {
            int mine = member;
            ArrayBlockingQueue<Integer> from = receive;
            ArrayBlockingQueue<Integer> to = member == members - 1 ? first : new ArrayBlockingQueue<>(1);
            start(
                    () -> {
                        for (; ; ) {
                            int left = from.take();
                            if (left == 0) {
                                ended.put(mine);
                                return;
                            }
                            to.put(left - 1);
                        }
                    });
            receive = to;
        }
        first.put(hops);
        return ended.take();
    }

    private static long chain(int length) throws Throwable {
        if (length == 0) {
            return 0;
        }
        ArrayBlockingQueue<Long> end = new ArrayBlockingQueue<>(1);
        start(() -> end.put(chain(length - 1)));
        return end.take() + 1;
    }

    private static long pingPong(int rounds) throws Throwable {
        ArrayBlockingQueue<Integer> ping = new ArrayBlockingQueue<>(1);
        ArrayBlockingQueue<Integer> pong = new ArrayBlockingQueue<>(1);
        start(
                () -> {
                    for (int i = 0; i < rounds; i++) {
                        pong.put(ping.take() + 1);
                    }
                });
        int number = 0;
        for (int i = 0; i < rounds; i++) {
            ping.put(number);
            number = pong.take();
        }
        return number;
    }

    private static long bigPingPong(int size) throws Throwable {
        List<ArrayBlockingQueue<Integer>> boxes = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            boxes.add(new ArrayBlockingQueue<>(size));
        }
        AtomicLong sum = new AtomicLong();
        Thread[] members = new Thread[size];
        for (int i = 0; i < size; i++) {
            ArrayBlockingQueue<Integer> mine = boxes.get(i);
            members[i] =
                    start(
                            () -> {
                                for (ArrayBlockingQueue<Integer> box : boxes) {
                                    box.put(1);
                                }
                                long received = 0;
                                for (int message = 0; message < size; message++) {
                                    received += mine.take();
                                }
                                sum.addAndGet(received);
                            });
        }
        for (Thread member : members) {
            member.join();
        }
        return sum.get();
    }

    /** That of this process, in bytes, with the tables that map it. */
    private static long memory() throws IOException {
        long sum = 0;
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:") || line.startsWith("VmPTE:")) {
                sum += Long.parseLong(line.replaceAll("\\D", "")) * 1024;
            }
        }
        return sum;
    }
}

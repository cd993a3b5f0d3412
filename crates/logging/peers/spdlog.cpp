// spdlog's asynchronous logger at the work of benches/log/text.rs: `spdlog FOLDER LINES`.
//
// As its documentation shows it: the default queue of 8192 records, one thread, and callers that wait for room, so that no
// line is lost. Prints the nanoseconds from the first call to the last byte in FOLDER/spdlog.log.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

int main(int count, char **arguments) {
    if (count != 3) {
        std::fprintf(stderr, "usage: spdlog FOLDER LINES\n");
        return 2;
    }
    const std::string path = std::string(arguments[1]) + "/spdlog.log";
    const unsigned long long lines = std::strtoull(arguments[2], nullptr, 10);
    auto logger = spdlog::basic_logger_mt<spdlog::async_factory>("strategy.momentum", path);
    logger->set_pattern("%Y-%m-%d %H:%M:%S,%e %-8l %n %v", spdlog::pattern_time_type::utc);
    const auto start = std::chrono::steady_clock::now();
    for (unsigned long long index = 0; index < lines; ++index) {
        char text[] = "order 0000000000 filled at 101.25, 500 of AAPL on synthetic exchange.";
        unsigned long long rest = index;
        for (int at = 15; at > 5; --at) {
            text[at] = static_cast<char>('0' + rest % 10);
            rest /= 10;
        }
        logger->info("{}", text);
    }
    logger.reset();
    // waits for the thread that writes, and closes the file
    spdlog::shutdown();
    const auto elapsed = std::chrono::steady_clock::now() - start;
    std::printf("%lld\n",
                static_cast<long long>(std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count()));
    return 0;
}

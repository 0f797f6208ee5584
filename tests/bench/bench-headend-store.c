/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * bench-headend-store [--meters N] [--batches N] [--rounds N] [FOLDER]
 *
 * Stores the same batches (one volume of each meter, hour after hour) through the headend library
 * and with SQLite's own interface, in turn, and compares the medians. Both write the same tables:
 * the library makes the database, and the raw run begins where it is closed. Both commit each batch
 * to the disk before they take the next, in WAL mode with synchronous=FULL. Prints name=value
 * lines.
 *
 * The baseline is what one writes by hand when speed matters: statements prepared once, one
 * execution per row, keys of meters known, one transaction per batch.
 */
#include <glib/gstdio.h>
#include <nilometer-headend.h>
#include <nilometer.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/resource.h>

#define MAX_ROUNDS 31
#define EPOCH      1
#define HOUR_US    ((gint64)3600 * G_USEC_PER_SEC)
#define DAY_US     (24 * HOUR_US)
/* 2026-11-22 00:00 UTC */
#define START_US ((gint64)1795305600 * G_USEC_PER_SEC)

static int n_meters = 1000;
static int n_batches = 100;
static int n_rounds = 5;

static const GOptionEntry options[] = {
    {"meters", 0, 0, G_OPTION_ARG_INT, &n_meters, "Readings in a batch", "N"},
    {"batches", 0, 0, G_OPTION_ARG_INT, &n_batches, "Batches in a run", "N"},
    {"rounds", 0, 0, G_OPTION_ARG_INT, &n_rounds, "Runs of each kind, 1 to 31", "N"},
    {NULL, 0, 0, 0, NULL, NULL, NULL},
};

typedef struct {
    double rows_per_second;
    double cpu_us_per_row;
} Speed;

typedef struct {
    gint64 wall_us;
    double cpu_us;
} Stopwatch;

static double
used_cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static Stopwatch
stopwatch_start(void)
{
    return (Stopwatch){g_get_monotonic_time(), used_cpu_us()};
}

static Speed
stopwatch_stop(const Stopwatch *self)
{
    const double rows = (double)n_meters * n_batches;

    return (Speed){
        .rows_per_second = rows * 1e6 / (double)(g_get_monotonic_time() - self->wall_us),
        .cpu_us_per_row = (used_cpu_us() - self->cpu_us) / rows,
    };
}

static NiloReport *
make_report(NiloMeterId *id, int meter, int hour)
{
    g_autoptr(NiloReportBuilder) builder = nilo_report_builder_new(id);
    const NiloValue value = {100000 + (gint64)meter * 977 + (gint64)hour * (meter % 40), -3,
                             NILO_UNIT_CUBIC_METRE};

    /* a round takes its time: each meter a little later than the one before */
    nilo_report_builder_set_time(builder, START_US + hour * HOUR_US + meter * G_USEC_PER_SEC, 0,
                                 NILO_CLOCK_SYNCHRONISED);
    nilo_report_builder_set_exchange(builder, 1, 40);
    nilo_report_builder_add(builder, nilo_register_of(NILO_QUANTITY_VOLUME), &value, 0);
    return nilo_report_builder_finish(builder, NILO_OUTCOME_OK);
}

/* element-type NiloBatch */
static GPtrArray *
make_batches(void)
{
    GPtrArray *batches = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_batch_unref);
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func((GDestroyNotify)nilo_meter_id_unref);

    for (int meter = 0; meter < n_meters; meter++) {
        g_autofree char *text = g_strdup_printf("cjt188:%014d", meter);

        g_ptr_array_add(ids, nilo_meter_id_new(text, NULL));
    }
    for (int hour = 0; hour < n_batches; hour++) {
        g_autoptr(GPtrArray) reports =
            g_ptr_array_new_with_free_func((GDestroyNotify)nilo_report_unref);

        for (int meter = 0; meter < n_meters; meter++)
            g_ptr_array_add(reports, make_report(ids->pdata[meter], meter, hour));
        g_ptr_array_add(batches, nilo_batch_new(EPOCH, (guint64)hour + 1, reports, NULL));
    }
    return batches;
}

static void
result_cb(GObject *source, GAsyncResult *result, gpointer user_data)
{
    GAsyncResult **slot = user_data;

    *slot = g_object_ref(result);
}

static GAsyncResult *
wait_for(GAsyncResult **slot)
{
    while (*slot == NULL)
        g_main_context_iteration(NULL, TRUE);
    return *slot;
}

static void
die(const char *what, const char *why)
{
    fprintf(stderr, "bench-headend-store: %s: %s\n", what, why);
    exit(1);
}

static NiloHeadend *
open_headend(const char *file)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GAsyncResult) result = NULL;
    NiloHeadend *headend = nilo_headend_new(file, "UTC", &error);

    if (headend == NULL)
        die("cannot make the headend", error->message);
    nilo_headend_open_async(headend, NULL, result_cb, &result);
    if (!nilo_headend_open_finish(headend, wait_for(&result), &error))
        die("cannot open the database", error->message);
    return headend;
}

static Speed
run_headend(const char *file, GPtrArray *batches)
{
    g_autoptr(NiloHeadend) headend = open_headend(file);
    const Stopwatch stopwatch = stopwatch_start();

    for (guint i = 0; i < batches->len; i++) {
        g_autoptr(GAsyncResult) result = NULL;
        g_autoptr(GError) error = NULL;
        NiloStoreCounts counts = {0};

        nilo_headend_store_batch_async(headend, batches->pdata[i], NULL, result_cb, &result);
        if (!nilo_headend_store_batch_finish(headend, wait_for(&result), &counts, &error))
            die("cannot store a batch", error->message);
        if (counts.stored != (guint64)n_meters)
            die("cannot store a batch", "some readings were not new");
    }
    return stopwatch_stop(&stopwatch);
}

enum {
    RAW_BEGIN,
    RAW_COMMIT,
    RAW_BATCH,
    RAW_METER,
    RAW_COMPLETE,
    RAW_READING,
    RAW_LATEST,
    RAW_DAILY,
    N_RAW
};

static const char *const raw_texts[N_RAW] = {
    [RAW_BEGIN] = "BEGIN IMMEDIATE",
    [RAW_COMMIT] = "COMMIT",
    [RAW_BATCH] = "INSERT INTO batch(epoch, sequence, stored_us) VALUES(?1, ?2, ?3)"
                  " ON CONFLICT DO NOTHING",
    [RAW_METER] = "INSERT INTO meter(key, id) VALUES(?1, ?2)",
    [RAW_COMPLETE] = "INSERT INTO complete(meter, day, answered, missed, outcome)"
                     " VALUES(?1, ?2, ?3, ?4, ?5)"
                     " ON CONFLICT(meter, day) DO UPDATE SET"
                     " answered = complete.answered + excluded.answered,"
                     " missed = complete.missed + excluded.missed,"
                     " outcome = CASE WHEN excluded.missed > 0"
                     " THEN excluded.outcome ELSE complete.outcome END",
    [RAW_READING] = "INSERT INTO reading(meter, register, taken_us, mantissa, exponent, unit,"
                    " flags, volume_ml) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
                    " ON CONFLICT DO NOTHING",
    [RAW_LATEST] = "INSERT INTO latest(meter, register, taken_us, mantissa, exponent, unit, flags,"
                   " volume_ml) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
                   " ON CONFLICT(meter, register) DO UPDATE SET taken_us = excluded.taken_us,"
                   " mantissa = excluded.mantissa, exponent = excluded.exponent,"
                   " unit = excluded.unit, flags = excluded.flags, volume_ml = excluded.volume_ml"
                   " WHERE excluded.taken_us > latest.taken_us",
    [RAW_DAILY] = "INSERT INTO daily(meter, register, day, first_us, first_ml, last_us, last_ml,"
                  " min_ml, max_ml) VALUES(?1, ?2, ?3, ?4, ?5, ?4, ?5, ?5, ?5)"
                  " ON CONFLICT(meter, register, day) DO UPDATE SET"
                  " first_us = min(daily.first_us, excluded.first_us),"
                  " first_ml = CASE WHEN excluded.first_us < daily.first_us"
                  " THEN excluded.first_ml ELSE daily.first_ml END,"
                  " last_us = max(daily.last_us, excluded.last_us),"
                  " last_ml = CASE WHEN excluded.last_us > daily.last_us"
                  " THEN excluded.last_ml ELSE daily.last_ml END,"
                  " min_ml = min(daily.min_ml, excluded.min_ml),"
                  " max_ml = max(daily.max_ml, excluded.max_ml)",
};

typedef struct {
    sqlite3 *database;
    sqlite3_stmt *statements[N_RAW];
} Raw;

static void
raw_step(Raw *raw, int which, const gint64 *values, int n_values)
{
    sqlite3_stmt *statement = raw->statements[which];

    for (int i = 0; i < n_values; i++)
        sqlite3_bind_int64(statement, i + 1, values[i]);
    if (sqlite3_step(statement) != SQLITE_DONE)
        die("raw", sqlite3_errmsg(raw->database));
    sqlite3_reset(statement);
}

static void
raw_meters(Raw *raw, NiloBatch *batch)
{
    for (guint i = 0; i < nilo_batch_get_n_reports(batch); i++) {
        NiloMeterId *id = nilo_report_get_meter(nilo_batch_get_report(batch, i));

        sqlite3_bind_text(raw->statements[RAW_METER], 2, nilo_meter_id_get_text(id), -1,
                          SQLITE_STATIC);
        raw_step(raw, RAW_METER, (const gint64[]){i + 1}, 1);
    }
}

static void
raw_report(Raw *raw, gint64 meter, const NiloReport *report)
{
    const gint64 day = nilo_report_get_taken_us(report) / DAY_US;
    const NiloReading *readings;
    gsize n_readings;

    raw_step(raw, RAW_COMPLETE, (const gint64[]){meter, day, 1, 0, NILO_OUTCOME_OK}, 5);
    readings = nilo_report_get_readings(report, &n_readings);
    for (gsize i = 0; i < n_readings; i++) {
        const NiloReading *reading = &readings[i];
        gint64 volume_ml = 0;

        nilo_value_to_millilitres(&reading->value, &volume_ml);
        const gint64 row[] = {meter,
                              reading->reg,
                              reading->taken_us,
                              reading->value.mantissa,
                              reading->value.exponent,
                              reading->value.unit,
                              reading->flags,
                              volume_ml};

        raw_step(raw, RAW_READING, row, G_N_ELEMENTS(row));
        raw_step(raw, RAW_LATEST, row, G_N_ELEMENTS(row));
        raw_step(raw, RAW_DAILY,
                 (const gint64[]){meter, reading->reg, day, reading->taken_us, volume_ml}, 5);
    }
}

static void
raw_batch(Raw *raw, NiloBatch *batch)
{
    const gint64 sequence = (gint64)nilo_batch_get_sequence(batch);

    raw_step(raw, RAW_BEGIN, NULL, 0);
    raw_step(raw, RAW_BATCH, (const gint64[]){EPOCH, sequence, g_get_real_time()}, 3);
    if (sequence == 1)
        raw_meters(raw, batch);
    for (guint i = 0; i < nilo_batch_get_n_reports(batch); i++)
        raw_report(raw, i + 1, nilo_batch_get_report(batch, i));
    raw_step(raw, RAW_COMMIT, NULL, 0);
}

static void
raw_open(Raw *raw, const char *file)
{
    if (sqlite3_open(file, &raw->database) != SQLITE_OK ||
        sqlite3_exec(raw->database, "PRAGMA journal_mode=WAL", NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(raw->database, "PRAGMA synchronous=FULL", NULL, NULL, NULL) != SQLITE_OK)
        die("raw", sqlite3_errmsg(raw->database));
    for (int i = 0; i < N_RAW; i++) {
        if (sqlite3_prepare_v2(raw->database, raw_texts[i], -1, &raw->statements[i], NULL) !=
            SQLITE_OK)
            die(raw_texts[i], sqlite3_errmsg(raw->database));
    }
}

static void
raw_close(Raw *raw)
{
    for (int i = 0; i < N_RAW; i++)
        sqlite3_finalize(raw->statements[i]);
    sqlite3_close(raw->database);
}

static Speed
run_raw(const char *file, GPtrArray *batches)
{
    Raw raw = {NULL};
    Stopwatch stopwatch;
    Speed speed;

    g_object_unref(open_headend(file)); /* makes the tables */
    raw_open(&raw, file);
    stopwatch = stopwatch_start();
    for (guint i = 0; i < batches->len; i++)
        raw_batch(&raw, batches->pdata[i]);
    speed = stopwatch_stop(&stopwatch);
    raw_close(&raw);
    return speed;
}

/* what stands in the tables, as one text: both must have written the same */
static char *
sum_up(const char *file)
{
    static const char *const text =
        "SELECT (SELECT count(*) || ' ' || sum(mantissa % 1009 * meter) || ' ' ||"
        " sum(volume_ml % 1013) FROM reading) || ' / ' ||"
        " (SELECT count(*) || ' ' || sum(taken_us % 1009) || ' ' || sum(volume_ml) FROM latest)"
        " || ' / ' || (SELECT count(*) || ' ' || sum(first_us % 1009) || ' ' || sum(first_ml) ||"
        " ' ' || sum(last_us % 1013) || ' ' || sum(last_ml) || ' ' || sum(min_ml) || ' ' ||"
        " sum(max_ml) || ' ' || min(day) FROM daily) || ' / ' ||"
        " (SELECT count(*) || ' ' || sum(answered) || ' ' || sum(missed) FROM complete) ||"
        " ' / ' || (SELECT count(*) FROM batch) || ' / ' || (SELECT count(*) FROM meter)";
    sqlite3 *database;
    sqlite3_stmt *statement = NULL;
    char *sum;

    if (sqlite3_open(file, &database) != SQLITE_OK ||
        sqlite3_prepare_v2(database, text, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW)
        die("cannot compare", sqlite3_errmsg(database));
    sum = g_strdup((const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return sum;
}

static void
remove_database(const char *file)
{
    static const char *const endings[] = {"", "-wal", "-shm"};

    for (gsize i = 0; i < G_N_ELEMENTS(endings); i++) {
        g_autofree char *name = g_strconcat(file, endings[i], NULL);

        g_unlink(name);
    }
}

typedef Speed (*RunFunc)(const char *file, GPtrArray *batches);

/* a fresh database; @sum: of the runs before, to be found again */
static Speed
run_once(RunFunc run, const char *file, GPtrArray *batches, char **sum)
{
    g_autofree char *found = NULL;
    Speed speed;

    remove_database(file);
    speed = run(file, batches);
    found = sum_up(file);
    if (*sum == NULL)
        *sum = g_strdup(found);
    else if (!g_str_equal(*sum, found))
        die("the tables differ", found);
    remove_database(file);
    return speed;
}

static int
compare_doubles(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static double
median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, compare_doubles);
    return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void
compare(const char *file, GPtrArray *batches)
{
    double ours[MAX_ROUNDS], raw[MAX_ROUNDS], our_cpu[MAX_ROUNDS], raw_cpu[MAX_ROUNDS];
    g_autofree char *sum = NULL;
    double our_speed, raw_speed;

    for (int i = 0; i < n_rounds; i++) {
        /* in turn, and the first place too: nobody always finds the disk as the other left it */
        const gboolean raw_first = i % 2 == 0;
        Speed speed;

        for (int k = 0; k < 2; k++) {
            const gboolean is_raw = (k == 0) == raw_first;

            speed = run_once(is_raw ? run_raw : run_headend, file, batches, &sum);
            (is_raw ? raw : ours)[i] = speed.rows_per_second;
            (is_raw ? raw_cpu : our_cpu)[i] = speed.cpu_us_per_row;
        }
    }
    our_speed = median(ours, n_rounds);
    raw_speed = median(raw, n_rounds);
    printf("rows=%d\nbatch_rows=%d\nrounds=%d\n", n_meters * n_batches, n_meters, n_rounds);
    printf("headend_rows_per_second=%.0f\nraw_rows_per_second=%.0f\n", our_speed, raw_speed);
    printf("headend_cpu_us_per_row=%.2f\nraw_cpu_us_per_row=%.2f\n", median(our_cpu, n_rounds),
           median(raw_cpu, n_rounds));
    printf("ratio_to_raw=%.3f\n", our_speed / raw_speed);
}

int
main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("[FOLDER]");
    g_autoptr(GPtrArray) batches = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = NULL;
    g_autofree char *file = NULL;

    /* libgda keeps a folder below the data home where it can: here it cannot */
    g_setenv("XDG_DATA_HOME", "/dev/null", TRUE);
    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        die("options", error->message);
    if (n_meters < 1 || n_batches < 1 || n_rounds < 1 || n_rounds > MAX_ROUNDS)
        die("options", "a number is out of its range");
    folder = argc > 1 ? g_build_filename(argv[1], "nilo-bench-XXXXXX", NULL)
                      : g_build_filename(g_get_tmp_dir(), "nilo-bench-XXXXXX", NULL);
    if (g_mkdtemp(folder) == NULL)
        die("cannot make a folder", folder);
    file = g_build_filename(folder, "bench.db", NULL);
    batches = make_batches();
    compare(file, batches);
    g_rmdir(folder);
    return 0;
}
